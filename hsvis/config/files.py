"""The settings of files: which they are, and how text files are written."""

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Settings(BaseModel):
    """A block of settings: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class DataFiles(Settings):
    train: str | list[str] | None = Field(
        None, description="File or files of the training split; your own model can do without."
    )
    test: str | list[str] | None = Field(None, description="File or files of the test split.")


class DialectSettings(Settings):
    """How text files are written, as far as it is known."""

    separator: str | None = Field(
        None, description="`comma`, `tab`, `semicolon`, `bar`, or any one character; null = it is found."
    )
    header: bool | None = Field(
        None, description="Whether the first row names the columns; null = it is found."
    )
    encoding: str | None = Field(
        None, description="Such as `utf-8`, `latin-1` or `gb18030`, as Python calls it; null = it is found."
    )
    quote: str | None = Field(
        None,
        description="The mark around fields, or `none` where marks belong to the texts; null = it is found.",
    )

    @field_validator("separator")
    @classmethod
    def one_character(cls, given: str | None) -> str | None:
        named = {"comma": ",", "tab": "\t", "\\t": "\t", "semicolon": ";", "bar": "|", "space": " "}
        given = named.get(given, given) if given is not None else None
        if given is not None and (len(given) != 1 or given in '\r\n"'):
            raise ValueError("should be one character, or comma, tab, semicolon, bar or space")
        return given

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, given: str | None) -> str | None:
        try:
            return None if given is None or b"".decode(given) else given
        except LookupError:
            raise ValueError("should be an encoding that Python knows, such as utf-8 or latin-1") from None

    @field_validator("quote")
    @classmethod
    def one_mark(cls, given: str | None) -> str | None:
        if given is not None and given != "none" and (len(given) != 1 or given in "\r\n"):
            raise ValueError("should be one character, or `none`")
        return given

    @property
    def quote_mark(self) -> str | None:
        """The mark; None where none is one."""
        return None if self.quote == "none" else self.quote
