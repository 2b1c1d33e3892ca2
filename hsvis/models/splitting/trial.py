"""A script that reads some texts with a tokenizer, in a process that may be killed; it knows no hsvis.

It reads [tokenizer, texts, bytes of memory] as JSON and writes a dot before each text.
"""

import json
import sys


def main() -> None:
    """Exit code 1 and a message where something fails."""
    tokenizer, texts, memory = json.loads(sys.stdin.buffer.read())
    try:
        import resource  # noqa: PLC0415  (there is none on Windows)

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
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
