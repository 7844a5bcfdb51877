// Benchmark inputs of the right shapes: kernel speed does not depend on the values.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/task_entry.h>
#include <reverie/models/dynamics_model.h>
#include <reverie/policies/gaussian_policy.h>
#include <reverie/policies/policy_calculus.h>

namespace reverie::benchmark {

/// A task of HalfCheetah's sizes: 17 observed numbers, 6 actions.
const TaskEntry& task();

Transitions random_transitions(int64_t count);

/// A model with statistics taken from random data.
DynamicsModel make_model(const ModelConfig& config);
/// MB-MPO's model: 5 members, published with 512-512.
ModelConfig mb_mpo_model(std::vector<int64_t> hidden = {512, 512});
/// MBPO's model: 7 Gaussian members of 4 layers of 200 with swish, which also predict the reward.
ModelConfig mbpo_model();
/// TOM's: one such network, with a mixture of 10 Gaussians for each target.
ModelConfig tom_model();

GaussianPolicy make_policy();

/// Random rows of one task for the policy.
PolicyBatch random_batch(const GaussianPolicy& policy, int64_t rows);

/// Multiplications and additions per row in an MLP's forward pass.
double forward_flop(const std::vector<int64_t>& sizes);
/// The same for forward and backward passes, without a gradient for the input.
double training_flop(const std::vector<int64_t>& sizes);

}  // namespace reverie::benchmark
