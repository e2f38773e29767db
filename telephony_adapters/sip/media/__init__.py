"""Sound for legs that are not bridged: music, announcements, keys, recordings, over RTP."""

from telephony_adapters.sip.media.collecting import Collected, CollectEnd, CollectRules
from telephony_adapters.sip.media.errors import MediaRefused
from telephony_adapters.sip.media.leg import MediaLeg
from telephony_adapters.sip.media.playback import PlayEnd
from telephony_adapters.sip.media.prompts import PROMPTS, ClipMissing, PromptLibrary
from telephony_adapters.sip.media.recording import Recording, RecordingEnd, RecordingRules
from telephony_adapters.sip.media.room import MediaFigures, MediaRoom, MediaSettings
from telephony_adapters.sip.media.treatments import message_script, position_script, queued_script
from telephony_adapters.sip.media.voice import LegVoice

__all__ = [
    "PROMPTS",
    "ClipMissing",
    "CollectEnd",
    "CollectRules",
    "Collected",
    "LegVoice",
    "MediaFigures",
    "MediaLeg",
    "MediaRefused",
    "MediaRoom",
    "MediaSettings",
    "PlayEnd",
    "PromptLibrary",
    "Recording",
    "RecordingEnd",
    "RecordingRules",
    "message_script",
    "position_script",
    "queued_script",
]
