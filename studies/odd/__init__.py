"""How well odd pictures are found: freyvae's scores, plain baselines, and detectors of PyOD on the codes."""
