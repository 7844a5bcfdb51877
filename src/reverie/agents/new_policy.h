// The policy of a method that begins.
#pragma once

#include <reverie/collect/collector.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

/// A policy for the session's task, on its device, drawn from its stream `name`.
GaussianPolicy new_policy(const Session& session, const PolicyConfig& config,
                          std::string_view name = "policy");

/// Where `config` asks for it: normalises the policy's input by the statistics of the replay's
/// observations, once and for all (they live in the weights).
void normalise_inputs(GaussianPolicy& policy, const PolicyConfig& config, const Replay& replay);

/// What these settings come to that a user may not expect.
std::vector<std::string> remarks_on_inputs(const PolicyConfig& policy,
                                           const CollectConfig& collect);

}  // namespace reverie
