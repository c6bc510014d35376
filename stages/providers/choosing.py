"""From settings to who does the work: the provider they name, with its address, its model, its key and its times.

Law: nothing is asked of anybody here; what could never succeed is refused at once, with what to type instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages.pipeline.contract import FailureKind, ProviderError
from stages.providers.keys import GENERIC, find_key, may_have
from stages.providers.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from stages.pipeline.contract import Provider
    from stages.pipeline.settings import Settings
    from stages.providers.openai_compatible import OpenAICompatibleProvider
    from stages.providers.presets import Preset


def default_model(provider: str) -> str:
    """The model that is asked where none is named; empty if there is no lasting one."""
    return PRESETS[provider].model if provider in PRESETS else ""


def factory_for(
    settings: Settings, environment: Mapping[str, str], now: Callable[[], datetime], without: Sequence[str] = ()
) -> Callable[[], Provider]:
    """Return what makes a provider for each worker; raises ProviderError if no call could succeed."""
    if settings.provider == "offline":
        from stages.providers.offline import OfflineProvider  # noqa: PLC0415 - only the one that is used

        return OfflineProvider
    return server_factory_for(settings, environment, now, without)


def server_factory_for(
    settings: Settings, environment: Mapping[str, str], now: Callable[[], datetime], without: Sequence[str] = ()
) -> Callable[[], OpenAICompatibleProvider]:
    """Return what makes a provider that asks a server; raises ProviderError if no call could succeed."""
    from stages.providers.connection import Timeouts  # noqa: PLC0415 - httpx is heavy
    from stages.providers.openai_compatible import Account, openai_factory  # noqa: PLC0415
    from stages.providers.options import Wishes  # noqa: PLC0415

    preset = PRESETS[settings.provider]
    model = settings.model or preset.model
    if not model:
        raise ProviderError(
            FailureKind.REFUSED, f"no model is named: add --model, as in --provider {preset.name} --model NAME"
        )
    base_url = settings.base_url or preset.base_url
    key = find_key(preset, base_url, environment)
    _refuse_foreign(preset, base_url, has_key=bool(key.value))
    account = Account(
        name=preset.name,
        needs_key=not preset.is_local,
        key_place=key.place or f"the environment variable {preset.key_variable}",
        key_advice="to any word, for a server that asks for none" if preset.name == GENERIC else _or_keyring(preset),
        address_place="OPENAI_BASE_URL or --base-url" if preset.name == GENERIC else "--base-url",
    )
    return openai_factory(
        base_url=base_url,
        api_key=key.value,
        model=model,
        now=now,
        timeouts=Timeouts(
            connect_s=settings.connect_timeout_s,
            first_byte_s=settings.first_byte_timeout_s,
            idle_s=settings.idle_timeout_s,
            total_s=settings.total_timeout_s,
        ),
        wishes=Wishes(temperature=settings.temperature, max_answer_tokens=settings.max_answer_tokens),
        without=without,
        account=account,
    )


def _or_keyring(preset: Preset) -> str:
    return f"or keep the key in the system's keyring: scenelog providers key {preset.name}"


def _refuse_foreign(preset: Preset, base_url: str, *, has_key: bool) -> None:
    """Say why a preset's key is not used where the address is another's; raises ProviderError."""
    from stages.providers.address import address_of  # noqa: PLC0415 - httpx is heavy

    if has_key or preset.is_local or preset.name == GENERIC or may_have(preset, base_url):
        return
    address = address_of(base_url, "--base-url")
    if not (address.is_loopback or address.userinfo):
        raise ProviderError(
            FailureKind.REFUSED,
            f"{address.shown} is no https address of {preset.title}, so its key is not sent there: "
            "for another server say --provider openai, with the key in OPENAI_API_KEY.",
        )
