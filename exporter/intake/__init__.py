"""How a stream's bytes become records in its pipeline, and how each line is accounted for."""

from exporter.intake.documents import DocumentIntake, FolderIntake
from exporter.intake.intake import Intake, OnRefused, Refused, StoredStream
from exporter.intake.lines import LineIntake

__all__ = ["DocumentIntake", "FolderIntake", "Intake", "LineIntake", "OnRefused", "Refused", "StoredStream"]
