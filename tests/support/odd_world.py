"""A world as odd as can be: for each of the settings that are put right for an answer, code that sets it to something.

The order is that in which cells can still run: what bites last comes last.
"""

ODD = {
    "switch interval": "import sys\nsys.setswitchinterval(0.5)",
    "digits of an int": "import sys\nsys.set_int_max_str_digits(700)",
    "garbage collection": "import gc\ngc.disable()",
    "garbage collection's thresholds": "import gc\ngc.set_threshold(1, 1, 1)",
    "locale": "import locale\nlocale.setlocale(locale.LC_ALL, 'C')",
    "decimal context": "import decimal\ndecimal.getcontext().prec = 3",
    "Python's generator": "import random\nrandom.seed(1)",
    "NumPy's errors": "import numpy as np\nnp.seterr(all='raise')",
    "NumPy's print options": "import numpy as np\nnp.set_printoptions(precision=1)",
    "NumPy's generator": "import numpy as np\nnp.random.seed(1)",
    "torch's generator": "import torch\ntorch.manual_seed(1)",
    "torch's print options": "import torch\ntorch.set_printoptions(precision=1)",
    "torch.compile": "import torch\ntorch.compile = print",
    "threads": "import torch\ntorch.set_num_threads(3)",
    "grad mode": "import torch\ntorch.set_grad_enabled(False)",
    "inference mode": "import torch\nguard = torch.inference_mode()\nguard.__enter__()",
    "default dtype": "import torch\ntorch.set_default_dtype(torch.float64)",
    "autocast": "import torch\ntorch.autocast('cpu', torch.bfloat16).__enter__()",
    "anomaly detection": "import torch\ntorch.autograd.set_detect_anomaly(True)",
    "determinism": "import torch\ntorch.use_deterministic_algorithms(True)",
    "precision of products": "import torch\ntorch.set_float32_matmul_precision('medium')",
    "precision of float32": "import torch\ntorch.backends.fp32_precision = 'bf16'",
    "denormal numbers": "import torch\ntorch.set_flush_denormal(True)",
    "kinds of attention": "import torch\ntorch.backends.cuda.enable_math_sdp(False)",
    "hooks of all modules and optimizers": (
        "from torch.nn.modules import module\nmodule.register_module_forward_hook(lambda *_: 1 / 0)"
    ),
    "function modes": "import torch\ntorch.set_default_device('meta')",
    "dispatch modes": """
from torch.utils._python_dispatch import TorchDispatchMode
class Broken(TorchDispatchMode):
    def __torch_dispatch__(self, *_):
        raise RuntimeError("this mode lets nothing through")
Broken().__enter__()""",
    "signal handlers": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)",
    "alarms": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 3600)",
    "folder of temporary files": "import tempfile\ntempfile.tempdir = '/nowhere'",
    "rights of new files": "import os\nos.umask(0o777)",
    "current folder": "import os\nos.chdir('/')",
    "environment variables": "import os\nos.environ.clear()",
    "warnings filters": "import warnings\nwarnings.simplefilter('error')",
    "import path": "import sys\nsys.path.clear()",
    "recursion limit": "import sys\nsys.setrecursionlimit(150)",
}
