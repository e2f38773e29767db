"""Sound for legs that are not bridged: music, announcements, keys, recordings, over RTP."""

from telephony_adapters.sip.media.collecting import Collected, CollectEnd, CollectRules
from telephony_adapters.sip.media.errors import MediaRefused
from telephony_adapters.sip.media.leg import MediaLeg
from telephony_adapters.sip.media.playback import PlayEnd
from telephony_adapters.sip.media.prompts import PROMPTS, ClipMissing, PromptLibrary, Say
from telephony_adapters.sip.media.recording import Recording, RecordingEnd, RecordingRules
from telephony_adapters.sip.media.room import MediaFigures, MediaRoom, MediaSettings

__all__ = [
    "PROMPTS",
    "ClipMissing",
    "CollectEnd",
    "CollectRules",
    "Collected",
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
    "Say",
]
