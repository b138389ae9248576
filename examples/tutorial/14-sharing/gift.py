"""Make a pickle that is no model. What it does when it is loaded is harmless."""

import pickle
from pathlib import Path


class Gift:
    """Its pickle says: to build me again, call print with this text."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("This line was printed by the file, not by the script.",)


Path("gift.pickle").write_bytes(pickle.dumps(Gift()))
print("wrote gift.pickle")
