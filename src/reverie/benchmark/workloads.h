// Inputs of the right shapes: what the kernels compute on does not matter to their speed.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/models/dynamics_model.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/policies/policy_calculus.h>

namespace reverie::benchmark {

/// HalfCheetah's sizes: 17 observed numbers, 6 actions.
const TaskEntry& task();

Transitions random_transitions(int64_t count);

/// A model with statistics of random data.
DynamicsModel make_model(const ModelConfig& config);
/// MB-MPO's: 5 members, published with 512-512.
ModelConfig mb_mpo_model(std::vector<int64_t> hidden = {512, 512});
/// MBPO's: 7 members of 4 layers of 200, swish, Gaussian, which also predict the reward.
ModelConfig mbpo_model();

GaussianPolicy make_policy();

/// Rows of one task that the policy might have acted in.
PolicyBatch random_batch(const GaussianPolicy& policy, int64_t rows);

/// Multiplications and additions of an MLP's forward pass, for one row.
double forward_flop(const std::vector<int64_t>& sizes);
/// Of forward and backward: the input has no gradient.
double training_flop(const std::vector<int64_t>& sizes);

}  // namespace reverie::benchmark
