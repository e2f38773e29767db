"""All desks of a node: who sits where, what each sees, and what becomes of what they ask.

Fed by durable records, told apart from the loop by nothing but `submit`. Agents see a change as soon as the loop
has delivered the records of a batch; supervisors a few times a second, everything that changed meanwhile in one.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import msgspec

from acd.desk import actions as a
from acd.desk.alerting import AlertNews
from acd.desk.alerts import Alerts
from acd.desk.answers import Answer, Answers
from acd.desk.audit import AuditLog
from acd.desk.board import Board, Changed
from acd.desk.figures import DeskFigures
from acd.desk.frames import build_message_frame
from acd.desk.messages import SUBPROTOCOLS, Close, Done, Heartbeat, Refused
from acd.desk.people import DeskSettings, Person
from acd.desk.requests import (
    Asker,
    NotDone,
    about,
    build_event,
    check_able,
    check_right,
    own_chat,
    read_answer,
    sight_of,
)
from acd.desk.roles import AUDITED
from acd.desk.scope import Scope
from acd.desk.sessions import Outbox, Session
from acd.desk.sign_in import SignIn
from acd.desk.ticketing import TicketWindow, may_read
from acd.desk.views import AgentView, QueueShelf, SharedCells, SupervisorView
from acd.ports import ChatMessage, ChatRefused, Conversations, Overloaded, Record, Submit
from acd.routing.events import AnyEvent, LinkChanged
from acd.routing.model import AgentId, Channel, Label, Link, QueueId, RegionId, TeamId, TicketId

_log = logging.getLogger("acd.desk")

SLOTS: Final = 64
"""Sessions are looked after in turns, a slot at a time, so that no single turn takes long."""
ALERTS_S: Final = 2.0
ALERT_TURNS: Final = 40
BEHIND_S: Final = 0.01
UNREAD_VIEW_MS: Final = 60_000
"""A view that nobody reads is kept for so long, for somebody to resume."""
SCOPES_MAX: Final = 500
ROWS_A_STEP: Final = 16
"""Rows that are built for supervisors before an offer may go out in between."""
STEP_PAUSE_S: Final = 0.001
LAST: Final = object()


class Desks:
    """Sessions and views of one node."""

    def __init__(
        self,
        settings: DeskSettings,
        sign_in: SignIn,
        audit: AuditLog,
        now_ms: Callable[[], int],
        conversations: Conversations | None,
        tickets: TicketWindow,
        cannot: dict[str, tuple[str, ...]],
        figures: DeskFigures,
    ) -> None:
        self.settings = settings
        self.sign_in = sign_in
        self.audit = audit
        self.now_ms = now_ms
        self.board = Board()
        self.board.state.team_labels = settings.team_labels
        self.sessions: dict[str, Session] = {}
        self._slots: list[dict[Session, None]] = [{} for _ in range(SLOTS)]
        self._watching: dict[Session, None] = {}
        self._turn = 0
        self._shared_turn = 0
        self.outbox = Outbox()
        self.by_agent: dict[AgentId, Session] = {}
        self.figures = figures
        self.cannot = cannot
        self.tickets = tickets
        self._conversations = conversations
        self._submit: Submit | None = None
        self._agents: dict[AgentId, AgentView] = {}
        self._scopes: dict[Scope, SupervisorView] = {}
        self._unread_since_ms: dict[AgentId | Scope, int] = {}
        self._for_supervisors = Changed()
        self._answers: Answers[Session] = Answers()
        self._alerts = Alerts(settings.alerts)
        self.news = AlertNews(settings.alert_webhook, settings.folder / "alerts.json", now_ms)
        self.readiness: Callable[[], str | None] = lambda: None
        """Why the house takes nothing new; None: it does. The house puts its node's in."""
        self._alert_turns = 0
        """Looks at the alerts since the start; after ALERT_TURNS of them everything was looked at."""
        self._shelf = QueueShelf()
        self._behind: dict[Session, None] = {}
        self._is_flush_due = False
        self._round: Iterator[None] | None = None
        """Supervisors are being told; what changes meanwhile is told in the next round."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.is_stopping = False

    # --- the room's life ----------------------------------------------------------------------------

    def open(self, submit: Submit) -> None:
        """Begin to serve."""
        self._submit = submit
        if self._conversations is not None:
            self._conversations.listen(self._hear)
        self._every("supervisors", self.settings.supervisor_tick_ms / 1000, self._tick_supervisors)
        self._every("shared", self.settings.shared_tick_ms / 1000 / SLOTS, self._tick_shared)
        self._every("liveness", self.settings.heartbeat_ms / 1000 / SLOTS, self._tick_liveness)
        self._alerts.look_again(self.board.state)
        self._every("alerts", ALERTS_S / ALERT_TURNS, self._tick_alerts)
        self._every("housekeeping", 1.0, self._tick_housekeeping)

    def close(self) -> None:
        """Refuse new desks and close those that are open."""
        self.is_stopping = True
        for timer in self._timers.values():
            timer.cancel()
        for session in list(self.sessions.values()):
            session.close(Close.GOING_AWAY)

    def observe(self, record: Record, *, is_replay: bool) -> None:
        """Take note of a record; what it changed is sent when the loop has its next turn."""
        self.board.apply(record)
        if is_replay:
            self.board.take_changed()
        elif self.board.changed and not self._is_flush_due:
            self._is_flush_due = True
            asyncio.get_running_loop().call_soon(self._flush_agents)

    def submit(self, event: AnyEvent) -> asyncio.Future[Record]:
        """Hand an event to the loop.

        Raises:
            Overloaded: Not taken.
        """
        if self._submit is None:
            raise Overloaded("not_started")
        return self._submit(event)

    # --- sessions come and go -----------------------------------------------------------------------

    def agent_view(self, agent: AgentId) -> AgentView:
        """Return an agent's view, up to date."""
        view = self._agents.get(agent)
        if view is None:
            view = self._agents[agent] = AgentView(agent, secrets.token_hex(6), self._conversations)
        self._unread_since_ms.pop(agent, None)
        view.refresh(self.board.state)
        view.refresh_shared(self.board.state, self._shelf)
        view.refresh_tickets(self.tickets.version, self.tickets.cells(), self.board.state)
        return view

    def supervisor_view(self, scope: Scope) -> SupervisorView:
        """Return the view of a scope, as of the last tick.

        Raises:
            NotDone: `limit`: too many different scopes are being watched.
        """
        view = self._scopes.get(scope)
        if view is None:
            if len(self._scopes) >= SCOPES_MAX:
                raise NotDone("limit", str(len(self._scopes)), f"at most {SCOPES_MAX} different views")
            view = self._scopes[scope] = SupervisorView(scope, secrets.token_hex(6))
            view.fill(self.board.state, SharedCells(self.board.state))
            self._alerts.look_again(self.board.state)
            view.set_alerts(self.board.state, self._alerts.rows)
        self._unread_since_ms.pop(scope, None)
        return view

    def seat(self, session: Session) -> None:
        """A session begins; an older one of the same agent is closed."""
        if isinstance(session.view, AgentView):
            older = self.by_agent.get(session.agent)
            self.by_agent[session.agent] = session
            if older is not None:
                older.close(Close.REPLACED)
        self.sessions[session.id] = session
        session.slot = min(range(SLOTS), key=lambda slot: len(self._slots[slot]))
        self._slots[session.slot][session] = None
        if isinstance(session.view, SupervisorView):
            self._watching[session] = None

    def unseat(self, session: Session) -> None:
        """A session is over. The engine hears of it unless a newer one sits there."""
        self.sessions.pop(session.id, None)
        self._slots[session.slot].pop(session, None)
        self._watching.pop(session, None)
        self._behind.pop(session, None)
        if session.close_code is not None:
            self.figures.closes.labels(int(session.close_code)).inc()
        if isinstance(session.view, SupervisorView):
            self._note_unread(session.view)
            return
        if self.by_agent.get(session.agent) is session:
            del self.by_agent[session.agent]
            self._unread_since_ms[session.agent] = self.now_ms()
            if session.signed_in:
                self.submit(LinkChanged(session.agent, Link.DESK, False, session.id))
                for link in session.links:
                    self.submit(LinkChanged(session.agent, link, False, session.id))

    def pump(self, session: Session) -> None:
        """Send a session what it lacks; what its socket does not take now follows as soon as it does."""
        if session.pump(self.now_ms()):
            self._behind[session] = None
            if "behind" not in self._timers:
                self._timers["behind"] = asyncio.get_running_loop().call_later(BEHIND_S, self._pump_behind)

    def renew(self, session: Session, token: str) -> None:
        """A session shows a newer token; another person's, or one that is not good, closes it."""
        claims, person = self.sign_in.check(token)
        if person.person != session.person.person:
            session.close(Close.UNAUTHORIZED)
            return
        session.claims = claims

    # --- actions ------------------------------------------------------------------------------------

    async def act(self, session: Session, action: a.Action) -> None:
        """Do what a desk asks, once. Waits for the audit log, where the act is audited, never for the loop."""
        known = self._answers.find(session.person.person, action.id)
        if known is not None:
            if known.given is None:
                known.waiters.append(session)
            else:
                session.send(known.given)
            return
        answer = self._answers.open(session.person.person, action.id, session)
        try:
            await self._do(session, action, answer)
        except NotDone as refusal:
            self._give(answer, Refused(action.id, refusal.code, refusal.found, refusal.expected))
            if refusal.code in ("forbidden", "not_yours"):
                await self._write_audit(session.person, action, refusal.code)

    async def _do(self, session: Session, action: a.Action, answer: Answer[Session]) -> None:
        asker = session.asker
        if isinstance(action, a.Watch):
            self._watch(session, action)
            self._give(answer, Done(action.id))
            self.pump(session)
            return
        if isinstance(action, a.SendChat):
            check_right(asker.person, "send_chat")
            self._say(asker, action)
            self._give(answer, Done(action.id))
            return
        event = build_event(action, asker, self.board.state, self.settings.reasons)
        check_able(action, self.board.state, self.cannot)
        if isinstance(action, a.AskReturnCall) and action.ticket:
            await self._check_ticket(asker.person, action.ticket)
        if a.word_of(action) in AUDITED and not await self._write_audit(asker.person, action, "allowed"):
            raise NotDone("audit_unavailable", "the audit log cannot be written", "an audit log")
        try:
            future = self.submit(event)
        except Overloaded as overloaded:
            raise NotDone("overloaded", str(overloaded), "try again") from None
        if isinstance(action, a.SetLink):
            (session.links.add if action.is_up else session.links.discard)(action.link)
        future.add_done_callback(partial(self._settle, answer))

    async def _check_ticket(self, person: Person, name: TicketId) -> None:
        """Refuse a ticket that is not there, or that this person may not read: the same answer for both.

        Raises:
            NotDone: `unknown_ticket`.
        """
        shelf = self.tickets.shelf
        thread = await shelf.ticket(name) if shelf is not None else None
        if thread is None or not may_read(thread, person, self.board.state):
            raise NotDone("unknown_ticket", name[:100], "a ticket that you may see, or none")

    def _settle(self, answer: Answer[Session], future: asyncio.Future[Record]) -> None:
        if future.cancelled() or future.exception() is not None:
            self._give(answer, Refused(answer.id, "not_durable", "the node is stopping", "try again"))
            return
        try:
            read_answer(future.result())
        except NotDone as refusal:
            self._give(answer, Refused(answer.id, refusal.code, refusal.found, refusal.expected))
        else:
            self._give(answer, Done(answer.id))

    def _give(self, answer: Answer[Session], message: Done | Refused) -> None:
        self.figures.answers.labels(message.code if isinstance(message, Refused) else "done").inc()
        for session in answer.give(message):
            session.send(message)

    def _watch(self, session: Session, action: a.Watch) -> None:
        """Narrow what a supervisor's session shows. Acting is not narrowed by it."""
        if not isinstance(session.view, SupervisorView):
            raise NotDone("forbidden", "an agent's view", "a supervisor's view")
        full = sight_of(session.person).scope
        unknown = [table for table in action.tables if table not in full.tables]
        if unknown:
            raise NotDone("senseless", ", ".join(unknown), ", ".join(full.tables))
        state = self.board.state
        for name, known in (
            (action.region, state.regions),
            (action.team, state.teams),
            (action.queue, state.queues),
        ):
            if name and name not in known:
                raise NotDone("senseless", name, ", ".join(list(known)[:20]))
        tables = tuple(table for table in full.tables if not action.tables or table in action.tables)
        scope = Scope(full.teams, tables, RegionId(action.region), TeamId(action.team), QueueId(action.queue))
        view = self.supervisor_view(scope)
        earlier, session.view = session.view, view
        session.reader.watch(view.stream)
        self._note_unread(earlier)

    def _say(self, asker: Asker, action: a.SendChat) -> None:
        held = own_chat(action.contact, asker, self.board.state)
        if self._conversations is None or held.channel is not Channel.CHAT:
            raise NotDone("not_talking", held.channel.value, Channel.CHAT.value)
        try:
            self._conversations.say(held.contact, asker.agent, action.text, f"{asker.agent}/{action.id}")
        except ChatRefused as refusal:
            raise NotDone(refusal.code, refusal.found, refusal.expected) from None

    async def _write_audit(self, person: Person, action: a.Action, outcome: str) -> bool:
        try:
            await self.audit.write(
                self.now_ms(),
                person.person,
                person.role,
                a.word_of(action),
                about(action),
                outcome,
                msgspec.json.encode(action).decode()[:500],
            )
        except OSError as error:
            _log.error("audit_failed person=%s act=%s error=%s", person.person, a.word_of(action), error)
            return False
        return True

    def replace_words(self, reasons: dict[str, Label], team_labels: dict[TeamId, Label]) -> None:
        """Put other reasons for being not ready and other labels of teams in force.

        Open desks list the reasons when they connect again; supervisors see the labels with the next delta.
        """
        self.settings = msgspec.structs.replace(self.settings, reasons=reasons, team_labels=team_labels)
        state = self.board.state
        state.team_labels = team_labels
        changed = Changed()
        changed.teams = dict.fromkeys(state.teams)
        self._for_supervisors.add(changed)

    # --- what changed -------------------------------------------------------------------------------

    def _flush_agents(self) -> None:
        self._is_flush_due = False
        changed = self.board.take_changed()
        if self._scopes:
            self._for_supervisors.add(changed)
        else:
            self._alerts.look_at_contacts(self.board.state, changed.contacts)
        for agent in changed.agents:
            view = self._agents.get(agent)
            if view is not None:
                view.refresh(self.board.state)
                session = self.by_agent.get(agent)
                if session is not None and session.view is view:
                    self.pump(session)

    def _hear(self, message: ChatMessage) -> None:
        card = self.board.state.contacts.get(message.contact)
        for offer in card.offers if card is not None else ():
            agent = self.board.state.offers[offer].agent
            view, session = self._agents.get(agent), self.by_agent.get(agent)
            if view is not None:
                view.hear(message)
                if session is not None:
                    self.pump(session)

    def _tick_supervisors(self) -> None:
        """Begin to bring what changed to the supervisors, in steps: an offer waits for one step, not for all of it."""
        if self._round is not None or not self._scopes or not self._for_supervisors:
            return
        changed, self._for_supervisors = self._for_supervisors, Changed()
        self._round = self._bring_to_supervisors(changed)
        self._take_step()

    def _take_step(self) -> None:
        if self._round is None or self.is_stopping:
            return
        if next(self._round, LAST) is LAST:
            self._round = None
            return
        self._timers["step"] = asyncio.get_running_loop().call_later(STEP_PAUSE_S, self._take_step)

    def _bring_to_supervisors(self, changed: Changed) -> Iterator[None]:
        for part in changed.parts(ROWS_A_STEP):
            state = self.board.state
            self._alerts.look_at_contacts(state, part.contacts)
            cells = SharedCells(state)
            for view in self._scopes.values():
                view.refresh(state, part, cells)
            yield
        for session in list(self._watching):
            if session in self._watching and session not in self._behind:
                self.pump(session)
                yield

    def _pump_supervisors(self) -> None:
        for session in self._watching:
            if session not in self._behind:
                self.pump(session)

    def _tick_shared(self) -> None:
        """Tell a part of the agents what their queues share."""
        self._shared_turn = (self._shared_turn + 1) % SLOTS
        for session in list(self._slots[self._shared_turn]):
            if isinstance(session.view, AgentView):
                session.view.refresh_shared(self.board.state, self._shelf)
                session.view.refresh_tickets(self.tickets.version, self.tickets.cells(), self.board.state)
                self.pump(session)

    def _tick_alerts(self) -> None:
        """Look at a part of the queues and agents; all of them in `ALERTS_S`."""
        self._alerts.look(self.board.state, self.now_ms(), ALERT_TURNS)
        self._alerts.look_at_house(self.readiness(), self.now_ms())
        self._alert_turns += 1
        is_changed = self._alerts.take_is_changed()
        if is_changed or self._alert_turns % ALERT_TURNS == 0:
            self.news.compare(self._alerts.rows, is_whole=self._alert_turns >= ALERT_TURNS)
        if is_changed:
            for view in self._scopes.values():
                view.set_alerts(self.board.state, self._alerts.rows)
            self._pump_supervisors()

    def _tick_housekeeping(self) -> None:
        self._forget_unread()
        self._note_figures()

    def _pump_behind(self) -> None:
        self._timers.pop("behind", None)
        behind, self._behind = self._behind, {}
        for session in behind:
            self.pump(session)

    # --- liveness -----------------------------------------------------------------------------------

    def _tick_liveness(self) -> None:
        """Some slots are looked at for silence, each four times in a heartbeat; one gets the sign of life."""
        self._turn = (self._turn + 1) % SLOTS
        now_ms = self.now_ms()
        # The next look is a quarter of a heartbeat away, and by then it would be too late.
        limit_ms = self.settings.silence_ms - self.settings.heartbeat_ms // 4
        for slot in self._slots[self._turn % (SLOTS // 4) :: SLOTS // 4]:
            for session in list(slot):
                if now_ms - session.heard_at_ms >= limit_ms:
                    session.close(Close.TIMEOUT)
        beats = {
            subprotocol: build_message_frame(Heartbeat(now_ms), subprotocol) for subprotocol in SUBPROTOCOLS
        }
        for session in list(self._slots[self._turn]):
            if self.sign_in.person_of(session.claims) is None:
                session.close(Close.UNAUTHORIZED)
            if session.is_welcome:
                session.write(beats[session.subprotocol])

    def check_signed_in(self) -> None:
        """Close every session whose sign-in was revoked or whose person changed; at once."""
        for session in list(self.sessions.values()):
            if self.sign_in.person_of(session.claims) is None:
                session.close(Close.UNAUTHORIZED)

    # --- helpers ------------------------------------------------------------------------------------

    def _note_figures(self) -> None:
        agents = len(self.by_agent)
        self.figures.sessions.labels("agent").set(agents)
        self.figures.sessions.labels("supervisor").set(len(self.sessions) - agents)
        self.figures.behind.set(len(self._behind))
        self.figures.held_bytes_max.set(max((session.held_bytes() for session in self._behind), default=0))
        self.figures.unknown_facts.set(self.board.unknown)

    def _note_unread(self, view: SupervisorView) -> None:
        if not any(session.view is view for session in self._watching):
            self._unread_since_ms[view.sight.scope] = self.now_ms()

    def _forget_unread(self) -> None:
        limit = self.now_ms() - UNREAD_VIEW_MS
        for key in [key for key, since in self._unread_since_ms.items() if since < limit]:
            del self._unread_since_ms[key]
            if isinstance(key, Scope):
                self._scopes.pop(key, None)
            elif key not in self.by_agent:
                self._agents.pop(key, None)

    def _every(self, name: str, seconds: float, turn: Callable[[], None]) -> None:
        """Take a turn again and again until the room closes."""

        def take() -> None:
            if not self.is_stopping:
                self._timers[name] = asyncio.get_running_loop().call_later(seconds, take)
                turn()

        self._timers[name] = asyncio.get_running_loop().call_later(seconds, take)
