"""The learner's side: JupyterLab, their copies of the lessons, and what `course check` tells them."""
