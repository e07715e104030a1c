"""The files that people write about blueprints, as pydantic models: their shape and nothing else.

A model says which keys a file takes and of which form their values are; what the values mean is checked by
the loaders. Each module is loaded when a file of its kind is read: making the models takes longer than reading it.
"""
