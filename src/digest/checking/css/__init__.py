"""CSS as mail programs apply it: what is declared, for which screens, and what each element looks like by it."""
