#include <reverie/imagination/imagine.h>

#include <reverie/core/error.h>
#include <reverie/imagination/imagine_kernels.h>
#include <reverie/imagination/imagine_torch.h>
#include <reverie/nn/kernels/choice.h>

namespace reverie {

Rollouts imagine(const Task& task, const DynamicsModel& model, const Policy& policy,
                 const Tensor& parameters, const Tensor& starts, const Tensor& resets,
                 const ImagineOptions& options, const RandomStream& random) {
  const int64_t o = model.observation_size();
  require_shape(starts, {parameters.size(0), -1, o}, "the imagination's start states");
  require_shape(resets, {-1, o}, "the imagination's reset states");
  const auto by = kernels::serve(parameters) ? imagine_kernels : imagine_torch;
  return by(task, model, policy, parameters, starts, resets, options, random);
}

}  // namespace reverie
