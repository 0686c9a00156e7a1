"""Settings for all tests."""

import torch

torch.set_num_threads(1)  # the tensors of the tests are tiny: threads would only wait for one another
