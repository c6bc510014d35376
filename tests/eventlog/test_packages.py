"""What the packages give by name: all that they say they have, from the module it stands in, and nothing else.

Law: each name is asked for in the test, for it is loaded when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import eventlog
import eventlog.tool

if TYPE_CHECKING:
    from types import ModuleType


@pytest.mark.parametrize("package", [eventlog, eventlog.tool], ids=["engine", "tool"])
def test_every_name_of_a_package_is_the_one_of_a_module_in_it(package: ModuleType) -> None:
    given = {name: getattr(package, name) for name in package.__all__}
    assert [found.__name__ for found in given.values()] == package.__all__
    assert {found.__module__.rpartition(".")[0] for found in given.values()} == {package.__name__}


@pytest.mark.parametrize("package", [eventlog, eventlog.tool], ids=["engine", "tool"])
def test_a_name_that_a_package_does_not_have_is_told_with_the_package(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"^module '{package.__name__}' has no attribute 'nothing'$"):
        _ = package.nothing
