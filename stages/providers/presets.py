"""The servers that have a name: where each is, whose key it takes, and which model to ask where one has a lasting name.

Law: pure data. A key is for the hosts of its own preset alone; the hosts stand here.
"""

from __future__ import annotations

from eventlog.values import frozen


@frozen
class Preset:
    """One word of `--provider`. `hosts` are the hosts besides that of the base URL that its key belongs to."""

    name: str
    title: str
    base_url: str
    key_variable: str
    model: str = ""
    hosts: tuple[str, ...] = ()
    is_local: bool = False  # a program of the user's own, on whatever machine: it needs no key


_ALL = (
    Preset(
        name="openai",
        title="OpenAI, or any server that speaks its protocol",
        base_url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
    ),
    Preset(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com/v1",
        key_variable="DEEPSEEK_API_KEY",
        model="deepseek-v4-flash",
    ),
    Preset(
        name="qwen",
        title="Qwen (DashScope)",
        base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
        key_variable="DASHSCOPE_API_KEY",
        model="qwen-plus",
        hosts=("dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"),
    ),
    Preset(
        name="zhipu",
        title="Zhipu",
        base_url="https://open.bigmodel.cn/api/paas/v4",
        key_variable="ZHIPUAI_API_KEY",
        hosts=("api.z.ai",),
    ),
    Preset(
        name="siliconflow",
        title="SiliconFlow",
        base_url="https://api.siliconflow.cn/v1",
        key_variable="SILICONFLOW_API_KEY",
        hosts=("api.siliconflow.com",),
    ),
    Preset(
        name="moonshot",
        title="Moonshot (Kimi)",
        base_url="https://api.moonshot.cn/v1",
        key_variable="MOONSHOT_API_KEY",
        hosts=("api.moonshot.ai",),
    ),
    Preset(
        name="doubao",
        title="Doubao (Volcengine Ark)",
        base_url="https://ark.cn-beijing.volces.com/api/v3",
        key_variable="ARK_API_KEY",
    ),
    Preset(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        key_variable="OPENROUTER_API_KEY",
        model="openrouter/auto",
    ),
    Preset(
        name="ollama",
        title="Ollama",
        base_url="http://localhost:11434/v1",
        key_variable="",  # OLLAMA_API_KEY is for another host, the service on the network
        is_local=True,
    ),
    Preset(
        name="lmstudio",
        title="LM Studio",
        base_url="http://localhost:1234/v1",
        key_variable="LM_API_TOKEN",
        is_local=True,
    ),
    Preset(
        name="vllm",
        title="vLLM",
        base_url="http://localhost:8000/v1",
        key_variable="VLLM_API_KEY",
        is_local=True,
    ),
    Preset(
        name="llamacpp",
        title="llama.cpp",
        base_url="http://localhost:8080/v1",
        key_variable="LLAMA_API_KEY",
        is_local=True,
    ),
)
PRESETS = {preset.name: preset for preset in _ALL}
NAMES = ("offline", *PRESETS)
