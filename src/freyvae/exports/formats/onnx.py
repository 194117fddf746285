"""Encoder and decoder for any ONNX runtime."""

from dataclasses import dataclass
from pathlib import Path

from freyvae.exports.format import ExportFormat
from freyvae.run import Run


@dataclass(frozen=True)
class Onnx(ExportFormat):
    """`encoder.onnx` and `decoder.onnx`, without random draws."""

    name = "onnx"
    module = extra = "onnx"

    def write(self, run: Run, out: Path | None) -> list[Path]:
        """As `ExportFormat.write`."""
        from freyvae.explorer.onnx_export import write_onnx

        folder = self.folder(run, out)
        return write_onnx(run.load_model(), folder)
