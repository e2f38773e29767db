"""Forms of `queues.yaml`, `overflow.yaml` and `dispositions.yaml`: how contacts are served."""

from __future__ import annotations

from typing import Annotated

from acd.config.forms.centre import LabelForm, NeedsForm
from acd.config.forms.form import Form
from acd.config.kinds import Defines, GroupRef, HoursRef, QueueRef, Ref, Seconds, Size, SkillRef, Text, Whole
from acd.routing.model import Channel, OverflowAction, Reach, Strategy, WrapUpMode

DispositionPath = Annotated[str, Text("a path such as delivery/late", r"[a-z0-9_-]+(/[a-z0-9_-]+){0,4}")]
LongSeconds = Annotated[int, Whole(0, 2_592_000, "seconds")]


class StepForm(Form, frozen=True, kw_only=True):
    """What is asked for from `after_s` of waiting on."""

    after_s: Seconds
    reach: Reach = Reach.ALL
    proficiency_less: Annotated[int, Whole(0, 4)] = 0
    preferred_dropped: tuple[SkillRef, ...] = ()


class ReserveForm(Form, frozen=True, kw_only=True):
    """A group that helps while the queue is in need."""

    group: GroupRef
    borrow_s: Annotated[int, Whole(1, 86_400, "seconds")]
    release_s: Seconds


class SpillForm(Form, frozen=True, kw_only=True):
    """How a region that is too busy reaches further."""

    reach: Reach = Reach.ALL
    begin_percent: Annotated[int, Whole(1, 100_000, "percent")]
    end_percent: Annotated[int, Whole(1, 100_000, "percent")]


class WrapUpForm(Form, frozen=True, kw_only=True):
    """The time after a talk."""

    mode: WrapUpMode = WrapUpMode.TIMED
    limit_s: Annotated[int, Whole(0, 3_600, "seconds")] = 30
    extend_s: Annotated[int, Whole(0, 3_600, "seconds")] = 30
    extensions_max: Annotated[int, Whole(0, 20)] = 2


class RepeatForm(Form, frozen=True, kw_only=True):
    """What it changes that a customer was here before."""

    head_start_s: Seconds = 0
    same_agent_patience_s: Seconds = 0
    never_to_bot: bool = False
    flag_supervisor: bool = True


class ReturnCallsForm(Form, frozen=True, kw_only=True):
    """How booked return calls are made."""

    customer_first: bool = False
    tries_max: Annotated[int, Whole(1, 20)] = 3
    retry_s: Annotated[int, Whole(1, 604_800, "seconds")] = 600
    ring_s: Annotated[int, Whole(5, 120, "seconds")] = 30


class QueueForm(Form, frozen=True, kw_only=True):
    """One queue."""

    label: LabelForm
    channels: Annotated[tuple[Channel, ...], Size(1, 10)] = (Channel.VOICE, Channel.CHAT)
    strategy: Strategy = Strategy.LONGEST_IDLE
    needs: NeedsForm = NeedsForm()
    steps: Annotated[tuple[StepForm, ...], Size(1, 10)] = (StepForm(after_s=0),)
    fence: bool = False
    reserves: Annotated[tuple[ReserveForm, ...], Size(0, 10)] = ()
    spill: SpillForm | None = None
    offer_s: Annotated[int, Whole(5, 120, "seconds")] = 20
    refusal_memory_s: Seconds = 60
    rona_rest: bool = True
    wrap_up: WrapUpForm = WrapUpForm()
    dispositions: Annotated[str, Ref("dispositions")] | None = None
    disposition_default: DispositionPath | None = None
    head_start_s: Seconds = 0
    sticky_patience_s: Seconds = 0
    repeat: RepeatForm = RepeatForm()
    overflow: Annotated[str, Ref("overflow")] | None = None
    return_calls: ReturnCallsForm = ReturnCallsForm()
    length_max: Annotated[int, Whole(0, 1_000_000)] = 10_000
    hours: HoursRef | None = None
    service_level: Annotated[str, Ref("service level")] | None = None
    announce_s: Annotated[int, Whole(0, 3_600, "seconds")] = 30


class QueuesForm(Form, frozen=True, kw_only=True):
    """`queues.yaml`."""

    queues: Annotated[dict[Annotated[str, Defines("queue")], QueueForm], Size(1, 10_000)]


class OverflowRuleForm(Form, frozen=True, kw_only=True):
    """When a waiting contact may leave its line, and where to."""

    name: Annotated[str, Text("a name of small letters, digits, '-' and '_'", r"[a-z0-9_-]{1,64}")]
    action: OverflowAction
    wait_s: Seconds | None = None
    estimated_wait_s: Seconds | None = None
    length: Annotated[int, Whole(1, 1_000_000)] | None = None
    nobody_staffed: bool = False
    closed: bool = False
    wish: bool = False
    offered: bool = True
    again_s: Annotated[int, Whole(5, 86_400, "seconds")] | None = 60
    answer_s: Annotated[int, Whole(3, 120, "seconds")] = 15
    to_queue: QueueRef | None = None
    message: Annotated[str, Text("the name of a prompt", r"[a-z0-9_-]{1,64}")] | None = None


class OverflowForm(Form, frozen=True, kw_only=True):
    """`overflow.yaml`: named lists of rules; a queue names the list that holds for it."""

    overflow: dict[
        Annotated[str, Defines("overflow")], Annotated[tuple[OverflowRuleForm, ...], Size(1, 20)]
    ] = {}


class DispositionForm(Form, frozen=True, kw_only=True):
    """One outcome that an agent may pick."""

    path: DispositionPath
    label: LabelForm
    solves: bool = False


class DispositionsForm(Form, frozen=True, kw_only=True):
    """`dispositions.yaml`: named lists of outcomes; a queue names the list that holds for it."""

    dispositions: dict[
        Annotated[str, Defines("dispositions")], Annotated[tuple[DispositionForm, ...], Size(1, 200)]
    ] = {}
