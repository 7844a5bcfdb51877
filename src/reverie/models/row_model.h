// Model steps with the kernels: rows that advance together on one thread.
#pragma once

#include <reverie/models/dynamics_model.h>
#include <reverie/nn/kernels/mlp.h>

#include <vector>

namespace reverie {

/// A CPU model with its members' weights prepared for the kernels, once for all steps of an
/// imagination and shared by its threads. The model must outlive it and must not be trained
/// meanwhile.
class ReadyModel {
 public:
  /// For groups of about `rows` rows.
  ReadyModel(const DynamicsModel& model, int64_t rows);

  const DynamicsModel& model() const { return model_; }
  const kernels::ReadyWeights& weights(int64_t member) const {
    return weights_[static_cast<size_t>(member)];
  }

 private:
  const DynamicsModel& model_;
  std::vector<kernels::ReadyWeights> weights_;
};

/// Predicts the successors of `rows` states, step by step, without allocating after the first step.
/// The torch counterparts are DynamicsModel::predict and, within an imagination, imagine_torch.
class RowModel {
 public:
  /// `draws`: whether to sample the head's distribution; otherwise its mean is used.
  RowModel(const ReadyModel& ready, int64_t rows, Members members, bool draws);

  /// Starts an episode in `row`; with Members::episode, draws its member.
  void begin(int64_t row, RandomStream& random);

  /// Computes the successors `next` [rows, o] of `state` [rows, o] under `action` [rows, a], by
  /// member `fixed` with Members::fixed. Other members, and noise, are drawn from `random`.
  void move(const float* state, const float* action, int64_t fixed, RandomStream& random,
            float* next);
  /// The last move's reward if the model learns it, otherwise 0.
  float reward(int64_t row) const { return reward_[static_cast<size_t>(row)]; }
  /// Whether the last move ended the episode; always false if the model does not learn that.
  bool ended(int64_t row) const { return ended_[static_cast<size_t>(row)] != 0; }

 private:
  bool mixed() const { return members_ == Members::step || members_ == Members::episode; }
  /// Whether every step combines all elites.
  bool averaged() const { return members_ == Members::mean || members_ == Members::median; }

  void write_inputs(const float* state, const float* action);
  /// Returns the prediction of `member` for inputs [rows, o + a]: [rows, target_size]. A
  /// distribution is sampled, with the last call's noise if `same_noise`.
  const float* predict(int64_t member, const float* input, int64_t rows, RandomStream& random,
                       bool same_noise = false);
  void draw_noise(int64_t count, RandomStream& random);
  int64_t random_elite(RandomStream& random) const;
  /// Rows with the same member go through its network together.
  const float* predict_mixed(RandomStream& random);
  const float* predict_by_all(RandomStream& random);

  const ReadyModel& ready_;
  const DynamicsModel& model_;
  int64_t rows_, o_, a_;
  Members members_;
  bool draws_;
  std::vector<float> input_, reward_, sample_;
  std::vector<float> noise_, uniform_;  // normals, and what chooses a mixture's components
  std::vector<char> ended_;
  std::vector<int64_t> member_;           // per row, if mixed()
  std::vector<float> gathered_, output_;  // one member's inputs; predictions
  std::vector<float> by_member_;          // all elites' predictions, if averaged()
  std::vector<float> said_;               // each elite's prediction of one number
  kernels::MlpPass pass_;
};

}  // namespace reverie
