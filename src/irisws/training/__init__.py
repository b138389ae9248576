"""Training without code: from a table to a proved model file.

`training` says what happens in order; the other modules hold one idea each. pandas and scikit-learn
are imported by the functions that need them: only `irisws train` does.
"""
