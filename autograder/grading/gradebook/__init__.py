"""nbgrader's side: its settings, its gradebook, and the step of `nbgrader autograde` that is ours."""
