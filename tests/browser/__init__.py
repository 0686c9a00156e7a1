"""The lessons where they are used: in JupyterLab, in a browser. Run by `make test-browser`."""
