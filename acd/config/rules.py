"""Forms to the rules of the engine: the operator's seconds become milliseconds, named lists are put in their place."""

from __future__ import annotations

from collections.abc import Mapping

from acd.config import forms
from acd.config.settings import Settings
from acd.routing import model
from acd.routing.model import Rules


def build_rules(settings: Settings, version: int) -> Rules:
    """Return the rules that `settings` describe. They have been checked: every name is defined."""
    centre = settings.centre
    return Rules(
        version=version,
        queues=tuple(_queue(name, queue, settings) for name, queue in settings.queues.queues.items()),
        entries=tuple(
            _entry(number, entry)
            for name, entry in settings.entries.entries.items()
            for number in (name, *entry.also)
        ),
        regions=tuple(
            model.RegionRules(
                region=model.RegionId(name),
                label=_label(region.label),
                neighbours=tuple(model.RegionId(one) for one in region.neighbours),
            )
            for name, region in settings.regions.regions.items()
        ),
        agents=tuple(
            _agent(name, person)
            for name, person in settings.people.people.items()
            if person.region is not None
        ),
        skills=tuple(model.SkillId(name) for name in settings.skills.skills),
        repeat_window_ms=centre.repeat_window_h * 3_600_000,
        repeat_visits_kept=centre.repeat_visits_kept,
        desk_grace_ms=centre.desk_grace_s * 1_000,
        connect_limit_ms=centre.connect_limit_s * 1_000,
        contacts_max=centre.contacts_max,
        identities_max=centre.identities_max,
    )


def _queue(name: str, form: forms.QueueForm, settings: Settings) -> model.QueueRules:
    level = settings.thresholds.service_levels.get(form.service_level or "")
    defaults = model.QueueRules(queue=model.QueueId(name))
    return model.QueueRules(
        queue=model.QueueId(name),
        label=_label(form.label),
        channels=form.channels,
        strategy=form.strategy,
        needs=_needs(form.needs),
        steps=tuple(_step(step) for step in form.steps),
        fence=form.fence,
        reserves=tuple(
            model.Reserve(model.GroupId(one.group), one.borrow_s * 1_000, one.release_s * 1_000)
            for one in form.reserves
        ),
        spill=None
        if form.spill is None
        else model.Spill(form.spill.reach, form.spill.begin_percent, form.spill.end_percent),
        offer_ms=form.offer_s * 1_000,
        refusal_memory_ms=form.refusal_memory_s * 1_000,
        rona_rest=form.rona_rest,
        wrap_up=model.WrapUp(
            mode=form.wrap_up.mode,
            limit_ms=form.wrap_up.limit_s * 1_000,
            extend_ms=form.wrap_up.extend_s * 1_000,
            extensions_max=form.wrap_up.extensions_max,
        ),
        dispositions=tuple(
            model.Disposition(path=one.path, label=_label(one.label), solves=one.solves)
            for one in settings.dispositions.dispositions.get(form.dispositions or "", ())
        ),
        disposition_default=form.disposition_default or "",
        head_start_ms=form.head_start_s * 1_000,
        sticky_patience_ms=form.sticky_patience_s * 1_000,
        repeat=model.RepeatPolicy(
            head_start_ms=form.repeat.head_start_s * 1_000,
            same_agent_patience_ms=form.repeat.same_agent_patience_s * 1_000,
            never_to_bot=form.repeat.never_to_bot,
            flag_supervisor=form.repeat.flag_supervisor,
        ),
        overflow=tuple(_overflow(rule) for rule in settings.overflow.overflow.get(form.overflow or "", ())),
        return_calls=model.ReturnCallPolicy(
            customer_first=form.return_calls.customer_first,
            tries_max=form.return_calls.tries_max,
            retry_ms=form.return_calls.retry_s * 1_000,
            ring_ms=form.return_calls.ring_s * 1_000,
        ),
        length_max=form.length_max,
        hours=None if form.hours is None else model.HoursId(form.hours),
        threshold_ms=level.threshold_s * 1_000 if level else defaults.threshold_ms,
        short_abandon_ms=level.short_abandon_s * 1_000 if level else defaults.short_abandon_ms,
        announce_ms=form.announce_s * 1_000,
    )


def _step(form: forms.StepForm) -> model.Step:
    return model.Step(
        after_ms=form.after_s * 1_000,
        reach=form.reach,
        proficiency_less=form.proficiency_less,
        preferred_dropped=tuple(model.SkillId(skill) for skill in form.preferred_dropped),
    )


def _overflow(form: forms.OverflowRuleForm) -> model.OverflowRule:
    return model.OverflowRule(
        name=form.name,
        action=form.action,
        wait_ms=_ms(form.wait_s),
        estimated_wait_ms=_ms(form.estimated_wait_s),
        length=form.length,
        nobody_staffed=form.nobody_staffed,
        closed=form.closed,
        wish=form.wish,
        offered=form.offered,
        again_ms=_ms(form.again_s),
        answer_ms=form.answer_s * 1_000,
        to_queue=None if form.to_queue is None else model.QueueId(form.to_queue),
        message=form.message or "",
    )


def _entry(number: str, form: forms.EntryForm) -> model.EntryRules:
    return model.EntryRules(
        entry=model.EntryId(number),
        queue=model.QueueId(form.queue),
        channel=form.channel,
        language=form.language,
        region=None if form.region is None else model.RegionId(form.region),
        needs=_needs(form.needs),
        head_start_ms=form.head_start_s * 1_000,
    )


def _agent(name: str, form: forms.PersonForm) -> model.AgentRules:
    return model.AgentRules(
        agent=model.AgentId(name),
        name=form.name,
        region=model.RegionId(form.region or ""),
        team=model.TeamId(form.team or ""),
        skills={model.SkillId(skill): level for skill, level in form.skills.items()},
        queues=tuple(
            model.QueueServed(model.QueueId(served.queue), served.preference_s * 1_000)
            for served in form.queues
        ),
        capacity=dict(form.capacity),
        blends=tuple(model.Blend(blend.holding, blend.admits) for blend in form.blends),
        groups=tuple(model.GroupId(group) for group in form.groups),
        weight=form.weight,
    )


def _needs(form: forms.NeedsForm) -> model.Needs:
    return model.Needs(
        required=tuple(_skill_needs(alternative) for alternative in form.required),
        preferred=_skill_needs(form.preferred),
    )


def _skill_needs(levels: Mapping[str, int]) -> tuple[model.SkillNeed, ...]:
    return tuple(model.SkillNeed(model.SkillId(skill), level) for skill, level in levels.items())


def _label(form: forms.LabelForm) -> model.Label:
    return model.Label(en=form.en, zh=form.zh)


def _ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000
