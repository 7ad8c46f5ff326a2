"""What the tests themselves rely on."""

import os


def test_the_tests_of_a_file_stay_on_one_process(request):
    """pytest-xdist keeps its groups in the names of tests, where a release of pytest may not look for them."""
    parallel = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith(f"@{request.node.path}") == parallel
