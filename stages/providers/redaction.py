"""Take secrets out of a message, even where a server echoes only a piece of them.

Law: pure; what is known anyway is no secret.
"""

from __future__ import annotations

_GUESSABLE = 6  # so many characters of a key in a row are as good as the key: some servers echo a part of it


def redacted(message: str, secrets: tuple[str, ...], *, known: str) -> str:
    """Return the message with each word replaced that holds a secret, or so much of one that it could be guessed.

    What is `known` anyway is no secret: a local server's key is often just its name.
    """
    for secret in secrets:
        size = min(len(secret), _GUESSABLE)
        pieces = {secret[at : at + size] for at in range(len(secret) - size + 1)}
        pieces = {piece for piece in pieces if piece not in known} or {secret}
        is_short = len(secret) < _GUESSABLE
        message = " ".join(
            "[key]" if (word.strip(".,:;'\"()[]") == secret if is_short else any(p in word for p in pieces)) else word
            for word in message.split(" ")
        )
    return message
