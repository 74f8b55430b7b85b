import pytest

from rendering import INSTALLATIONS, installation


@pytest.fixture(params=INSTALLATIONS)
def objects(request):
    """The objects of each installation in turn."""
    return installation(request.param)
