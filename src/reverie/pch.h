// Precompiled for every source: libtorch takes 15 s to read, once is enough. Tensors and their
// derivatives only: with all of torch/torch.h (modules, data loaders, optimisers) each source takes
// twice as long, since what a header's templates leave pending is instantiated and optimised again
// in every one. Who needs more of it (torch/optim.h, torch/script.h) includes that.
#include <torch/types.h>

#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>
#include <torch/utils.h>

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
