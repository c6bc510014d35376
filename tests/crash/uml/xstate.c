/* ptrace for a user-mode Linux whose buffer is smaller than this machine's extended registers (AMX): what does not fit
 * is the tile registers, which nothing here uses. Law: everything else goes through as it is. */
#define _GNU_SOURCE
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define WHOLE 16384

static long call(long request, long pid, void *address, void *data)
{
	return syscall(SYS_ptrace, request, pid, address, data);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list rest;
	va_start(rest, request);
	long pid = va_arg(rest, int);
	void *address = va_arg(rest, void *);
	void *data = va_arg(rest, void *);
	va_end(rest);
	if (request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSER) {
		long word;
		long failed = call(request, pid, address, &word);
		return failed < 0 ? failed : word;
	}
	if (request != PTRACE_SETREGSET || (long)address != NT_X86_XSTATE)
		return call(request, pid, address, data);
	struct iovec *own = data;
	static char whole[WHOLE]; /* not on the stack: those of a user-mode kernel are small */
	struct iovec there = {whole, WHOLE};
	if (call(PTRACE_GETREGSET, pid, address, &there) < 0)
		return -1;
	memcpy(whole, own->iov_base, own->iov_len < there.iov_len ? own->iov_len : there.iov_len);
	*(unsigned long *)(whole + 512) &= 0xffffUL; /* bits 17 and 18 of the header: the tiles are in their first state */
	return call(PTRACE_SETREGSET, pid, address, &there);
}
