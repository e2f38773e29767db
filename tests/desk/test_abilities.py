"""What an adapter declares that it cannot do is refused at the desk; the engine is never told."""

from __future__ import annotations

from typing import Any

import pytest

from acd.client import ActionRefused
from acd.ports import Ability
from tests.desk.house import House
from tests.desk.test_day import one

OF_AGENTS: tuple[tuple[Ability, str, dict[str, Any]], ...] = (
    (Ability.HOLD, "hold_contact", {"is_held": True}),
    (Ability.TRANSFER_OUT, "transfer_contact", {"to_number": "+8610"}),
    (Ability.CONSULT, "start_consult", {"to_agent": "bob"}),
    (Ability.CONFERENCE, "complete_consult", {"conference": True}),
)
OF_SUPERVISORS = ("monitor", "whisper", "barge", "take_over")


async def _talk(house: House, desk: Any) -> int:
    house.arrive("4001")
    offer = int((await desk.until(lambda d: one(d, "offers")))["offer"])
    await desk.act("accept_offer", offer=offer)
    await desk.until(lambda d: one(d, "assignments")["state"] == "talking")
    return offer


@pytest.mark.parametrize(("ability", "kind", "fields"), OF_AGENTS)
async def test_what_the_adapter_cannot_do_is_refused(
    house: House, ability: Ability, kind: str, fields: dict[str, Any]
) -> None:
    async with house.ready("ann") as ann:
        offer = await _talk(house, ann)
        house.room.desks.cannot = {"sim": (ability.value,)}
        count = len(house.records)
        with pytest.raises(ActionRefused) as refused:
            await ann.act(kind, offer=offer, **fields)
        assert (refused.value.code, refused.value.found) == ("cannot", ability.value)
        assert len(house.records) == count


async def test_what_it_can_do_goes_to_the_engine(house: House) -> None:
    async with house.ready("ann") as ann:
        offer = await _talk(house, ann)
        house.room.desks.cannot = {"sim": ("monitor",), "web": ("hold",)}
        await ann.act("hold_contact", offer=offer, is_held=True)
        await ann.until(lambda d: one(d, "assignments")["state"] == "held")
        house.room.desks.cannot = {"sim": ("hold",)}
        await ann.act("hold_contact", offer=offer, is_held=False)


@pytest.mark.parametrize("mode", OF_SUPERVISORS)
async def test_a_supervisor_is_not_made_to_believe_that_they_listen(house: House, mode: str) -> None:
    async with house.ready("ann") as ann, await house.desk("sue") as sue:
        offer = await _talk(house, ann)
        house.room.desks.cannot = {"sim": OF_SUPERVISORS}
        with pytest.raises(ActionRefused) as refused:
            await sue.act("monitor_contact", offer=offer, mode=mode)
        assert refused.value.code == "cannot"
        await sue.until(lambda d: all(not row["monitors"] for row in d.rows("contacts")))
