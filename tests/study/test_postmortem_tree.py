"""The tree of causes as it is drawn, for the story that is written by hand and for a staged squeeze."""

from __future__ import annotations

import pytest
from tests.stage.small import small_squeeze
from tests.study.postmortem_story import RUN, START, calm, journal_of, squeeze

from shortdesk.ground.journal import Journal
from shortdesk.stage.play import open_play
from shortdesk.study.figure import CauseTree, TreeNode, TreeRoot
from shortdesk.study.postmortem import Postmortem, explain
from shortdesk.study.postmortem_report import page_of
from shortdesk.study.postmortem_tree import batches_of, cause_tree


@pytest.fixture(scope="module")
def story() -> Postmortem:
    return explain(journal_of(squeeze()))


@pytest.fixture(scope="module")
def staged() -> Postmortem:
    play = open_play(small_squeeze())
    return explain(Journal.from_rows(play.run_all(), RUN, play.names))


def test_ann_is_pushed_by_the_whale_and_bob_by_ann(story: Postmortem) -> None:
    ann, bob = batches_of(story)
    assert (ann.counts, ann.lots, ann.parent, ann.root, ann.generation) == ((1, 0, 0), 10, -1, "whale (metaorder)", 1)
    assert (bob.counts, bob.lots, bob.parent, bob.root, bob.generation) == ((1, 0, 0), 10, 0, "whale (metaorder)", 2)
    tree = cause_tree(story)
    assert tree is not None
    assert [(one.value, one.weight, one.parent) for one in tree.nodes] == [(102.0, 10.0, -1), (105.0, 10.0, 0)]
    # The whale's second trade, a second before: 5 at 102.
    assert [(one.time_nanos - START, one.value, one.node) for one in tree.roots] == [(2 * 10**9, 102.0, 0)]
    assert "carried there by whale (metaorder) (largest trade 5 COIN at 102)" in tree.nodes[0].words
    assert "carried there by the orders of step 1 (largest trade 10 COIN at 105)" in tree.nodes[1].words


def test_a_calm_tape_has_no_tree() -> None:
    assert cause_tree(explain(journal_of(calm()))) is None


def test_every_forced_order_of_the_move_is_in_one_batch(staged: Postmortem) -> None:
    batches = batches_of(staged)
    assert sum(sum(one.counts) for one in batches) == int(staged.in_move.sum()) > 5
    assert all(one.parent < at for at, one in enumerate(batches))
    assert sum(one.lots for one in batches) == sum(one.lots for one in staged.generations)
    tree = cause_tree(staged)
    assert tree is not None
    assert sorted(child for some in tree.children for child in some) == [
        at for at, one in enumerate(tree.nodes) if one.parent >= 0
    ]


def test_what_hangs_on_nodes_left_out_hangs_on_those_above(staged: Postmortem) -> None:
    tree = cause_tree(staged, most=3)
    assert tree is not None
    assert len(tree.nodes) == 3
    assert {one.node for one in tree.roots} == {at for at, one in enumerate(tree.nodes) if one.parent < 0}
    assert "smallest of" in tree.description


def test_the_drawing_is_in_the_page_with_its_words(story: Postmortem) -> None:
    page = page_of(story)
    assert page.count('<figure class="cause-tree">') == 1
    assert page.count('<circle class="node liquidation" data-at="1" data-parent="0"') == 2  # for a screen and a phone
    assert "The tree in words, 2 steps" in page
    assert "<script" not in page


def test_names_in_a_drawing_are_escaped() -> None:
    node = TreeNode(10**9, 1.0, 1.0, "stop", -1, "<b>one</b>")
    drawn = CauseTree("<i>", [node], [TreeRoot(0, 2.0, "<script>", 0)]).html()
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert "&lt;script&gt;" in drawn
