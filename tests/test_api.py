"""The public API: its names, and that importing the package loads nothing heavy."""

import subprocess
import sys

import pytest

import photochrom


def test_the_public_names_are_those_of_all():
    assert set(dir(photochrom)) == {*photochrom.__all__, "__version__"}
    assert set(photochrom._PLACES) == set(photochrom.__all__)


@pytest.mark.parametrize("name", photochrom.__all__)
def test_a_public_name_can_be_imported_and_has_a_docstring(name):
    assert getattr(photochrom, name).__doc__


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'photochrom' has no attribute 'colorise'$"):
        _ = photochrom.colorise


def test_importing_the_package_imports_nothing_heavy():
    heavy = "{'torch', 'numpy', 'PIL', 'h5py', 'matplotlib'}"
    code = f"import photochrom, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_that_a_user_can_fix_have_an_exit_status():
    from photochrom import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) > 10
    assert all(issubclass(kind, photochrom.PhotochromError) for kind in kinds)
    assert {kind.exit_status for kind in kinds} == {2}
