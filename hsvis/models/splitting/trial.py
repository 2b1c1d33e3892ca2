"""A script that reads some texts with a tokenizer, in a process that may be killed; it knows no hsvis.

It reads [tokenizer, texts] as JSON and writes a dot before each text.
"""

import json
import sys

MEMORY = 4 << 30  # bytes


def main() -> None:
    """Exit code 1 and a message where something fails."""
    tokenizer, texts = json.loads(sys.stdin.buffer.read())
    try:
        import resource  # noqa: PLC0415  (there is none on Windows)

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        pass
    from tokenizers import Tokenizer  # noqa: PLC0415

    read = Tokenizer.from_str(tokenizer)
    for text in texts:
        sys.stdout.write(".")
        sys.stdout.flush()
        read.encode(text, add_special_tokens=False)


if __name__ == "__main__":
    main()
