"""Whether opposite opinions in the same words fare alike: what a model must pass before it is used."""

from classifiers.neutrality.checking import check
from classifiers.neutrality.report import Report

__all__ = ["Report", "check"]
