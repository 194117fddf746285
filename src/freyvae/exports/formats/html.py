"""The explorer's page as a file."""

from dataclasses import dataclass
from pathlib import Path

from freyvae.explorer.page import bundle_of_run, page_text, write_page
from freyvae.exports.format import ExportFormat
from freyvae.files import write_whole
from freyvae.run import Run


@dataclass(frozen=True)
class Html(ExportFormat):
    """The explorer's page, a file that needs no other."""

    name = "html"

    def write(self, run: Run, out: Path | None) -> list[Path]:
        """As `ExportFormat.write`; in a folder, `out` is its index.html."""
        if out is None:
            return [write_page(run)]
        path = out / "index.html" if out.is_dir() else out
        run.check_outputs(path)
        write_whole(path, page_text(bundle_of_run(run)))
        return [path]
