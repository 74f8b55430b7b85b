import sys

import pytest

from rendering import INSTALLATIONS, PROJECT, installation

sys.path.insert(0, str(PROJECT / "Tests/System"))


@pytest.fixture(params=INSTALLATIONS)
def objects(request):
    """The objects of each installation in turn."""
    return installation(request.param)
