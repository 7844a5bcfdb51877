// The initial policy of a method.
#pragma once

#include <reverie/collect/collector.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

/// Returns a policy for the session's task, on its device, initialised from its stream `name`.
GaussianPolicy new_policy(const Session& session, const PolicyConfig& config,
                          std::string_view name = "policy");

/// If `config` asks for it, normalises the policy's input by the statistics of the replay's
/// observations, permanently (they are folded into the weights).
void normalise_inputs(GaussianPolicy& policy, const PolicyConfig& config, const Replay& replay);

/// Returns remarks on effects of these settings that a user may not expect.
std::vector<std::string> remarks_on_inputs(const PolicyConfig& policy,
                                           const CollectConfig& collect);

}  // namespace reverie
