"""The core: pure, synchronous, deterministic. Events in; facts and commands out; time passed in."""
