"""Samples: medians, quartiles, and the ratio of two contestants, round by round."""

import math


def quantile(values, share):
    """The value below which `share` of the sorted values lie, between neighbours linearly."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def median(values):
    return quantile(values, 0.5)


def quartiles(values):
    return quantile(values, 0.25), quantile(values, 0.75)


def ratios(theirs, ours):
    """Their cost over ours, for each round in which both were measured: above 1, ours is the better one."""
    return [a / b for a, b in zip(theirs, ours) if a and b]
