// Tests of models.
