"""What is stored in chapters and on the landing page is what the build's kernels printed, by nbval's comparison."""

import book
import executed
import pytest
from nbval.plugin import IPyNbFile, coalesce_streams


@pytest.mark.parametrize("path", book.notebooks(), ids=lambda p: p.stem)
def test_stored_outputs_are_those_of_the_build(path, site, request):
    ran = [cell for cell in executed.notebook(path).cells if cell.cell_type == "code"]
    differ = []
    for item, cell in zip(IPyNbFile.from_parent(request.session, path=path).collect(), ran, strict=True):
        assert not item.options["skip"] and cell.execution_count is not None
        outputs = coalesce_streams(executed.live(cell.outputs))
        if item.cell.execution_count is None and path.parent.name != "chapters":
            assert not item.cell.outputs  # the landing page stores none
            continue
        if item.options["check"] and not item.compare_outputs(outputs, coalesce_streams(item.cell.outputs)):
            differ += [f"cell In[{cell.execution_count}]:", *item.comparison_traceback]
    assert not differ, "run make outputs\n" + "\n".join(differ)


@pytest.mark.parametrize(("printed", "same"), [("12.5\n", True), ("12.50\n", False), ("1\n12.5\n", False), ("", False)])
def test_the_comparison_is_strict(printed, same, tmp_path, request):
    """Another text, one that only contains the stored one, and none at all are told apart."""
    item = next(IPyNbFile.from_parent(request.session, path=book.chapters()[0]).collect())
    stored, new = (executed.stream(text) for text in ("12.5\n", printed))
    assert item.compare_outputs([new] if printed else [], [stored]) is same


def test_a_slider_is_compared_by_what_its_default_prints():
    parts = [[{"type": "text", "text": "low"}], [{"type": "image"}, {"type": "text", "text": "high"}]]
    bundle = {"frames": parts, "index": [0, 0, 1], "default": 2}
    display = executed.stream("before\n"), {"output_type": "display_data", "data": {executed.MIME_TYPE: bundle}}
    assert [output["text"] for output in executed.live(display)] == ["before\n", "high\n"]
