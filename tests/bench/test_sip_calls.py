"""The generator against a stub that works, and against stubs that do not: it must see the difference."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

from bench.sip_load.line import open_line
from bench.sip_load.messages import Challenge
from bench.sip_load.traffic import Load, run_freed, run_rate
from bench.sip_load.witness import Witness, percentiles
from tests.bench.stub_b2bua import Stub, open_stub

AGENTS = 4


class Run:
    """One load against one stub."""

    def __init__(self, stub: Stub, load: Load) -> None:
        self.stub, self.load, self.witness = stub, load, load.witness

    async def rate(self, rate: float, seconds: float, talk_s: float) -> None:
        await run_rate(self.load, rate, seconds, talk_s, lambda line: None)

    async def freed(self, waiting: int, seconds: float) -> None:
        await run_freed(self.load, waiting, 40, seconds, lambda line: None)
        await self.load.end_all(10)


async def open_run(fault: str, agents: int = AGENTS) -> Run:
    stub = await open_stub(fault)
    load = Load(
        ("127.0.0.1", stub.line.port),
        "4000",
        Witness(),
        await open_line(),
        await open_line(),
        random.Random(1),
    )
    await load.seat([(str(20_000 + at), "secret") for at in range(agents)], 0.0)
    return Run(stub, load)


@pytest.fixture
async def runs() -> AsyncIterator[list[Run]]:
    opened: list[Run] = []
    yield opened
    for run in opened:
        run.load.agents_line.close()
        run.load.callers_line.close()
        run.stub.line.close()


async def test_a_good_distributor_loses_nothing_and_keeps_the_order(runs: list[Run]) -> None:
    runs.append(run := await open_run(""))
    await run.rate(60, 1.0, 0.05)
    assert len(run.witness.calls) > 30
    assert run.witness.lost() == {}
    assert run.witness.out_of_order == 0
    assert run.witness.unknown_offers == 0
    assert {call.ended for call in run.witness.calls.values()} == {"caller"}
    assert all(len(call.agents) == 1 for call in run.witness.calls.values())
    assert len(run.witness.arrival_to_offer_ms) == len(run.witness.calls)


async def test_a_freed_agent_is_timed_until_the_next_offer(runs: list[Run]) -> None:
    runs.append(run := await open_run(""))
    await run.freed(5, 1.0)
    assert len(run.witness.freed_to_offer_ms) > 15
    assert all(0 < sample < 2000 for sample in run.witness.freed_to_offer_ms)
    assert run.witness.out_of_order == 0
    assert run.witness.lost() == {}


async def test_serving_the_last_first_is_seen(runs: list[Run]) -> None:
    runs.append(run := await open_run("lifo"))
    await run.freed(5, 0.5)
    assert run.witness.out_of_order > 5


async def test_forgotten_callers_are_counted_as_lost(runs: list[Run]) -> None:
    runs.append(run := await open_run("forget"))
    for _ in range(20):
        run.load.call(0.05)
    assert await run.load.until(lambda: run.load.living() == 2, 10)
    assert run.witness.lost() == {"never_answered": 2}


async def test_media_that_are_not_end_to_end_are_no_answer(runs: list[Run]) -> None:
    runs.append(run := await open_run("swap"))
    run.load.call(0.05)
    assert await run.load.until(lambda: run.witness.offers == 1 and bool(run.load.agents_line), 5)
    assert run.witness.lost() == {"never_answered": 1}


async def test_a_hang_up_that_is_not_passed_on_is_seen(runs: list[Run]) -> None:
    runs.append(run := await open_run("deaf", agents=1))
    run.load.call(None)
    assert await run.load.until(lambda: len(run.load.talking()) == 1, 5)
    run.load.talking()[0].hang_up()
    run.load.call(0.05)
    assert await run.load.until(lambda: run.load.living() == 1, 5)
    assert run.witness.lost() == {"not_ended": 1}


def test_percentiles_are_nearest_ranks() -> None:
    samples = [float(value) for value in range(100, 0, -1)]
    assert percentiles(samples) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert percentiles([]) == {"p50": None, "p95": None, "p99": None}


def test_digest_is_that_of_the_specification() -> None:
    challenge = Challenge.of('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')
    answer = challenge.answer("Mufasa", "Circle Of Life", "GET", "/dir/index.html")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer
