// A classifier of transitions: the policy's, or anyone's?
#pragma once

#include <reverie/core/random.h>
#include <reverie/core/settings.h>
#include <reverie/data/transitions.h>
#include <reverie/nn/vector_adam.h>

namespace reverie {

class Archive;

struct DiscriminatorConfig {
  int64_t hidden = 256;
  double learning_rate = 3e-4;
  int64_t passes = 100;
  double penalty = 10;
  double buffer_label = 0.1;

  void describe(Settings& settings);
};

/// d(s, a, s'), the logit of the probability that a transition is the policy's own rather than one
/// of the buffer. Three tanh layers of half the width, one each for s, a and s', feed a tanh layer
/// and a linear output. Where the classes' labels are 1 and 0 and nothing is penalised, d tends to
/// the log-ratio of the two densities. Published are a label of 0.1 for the buffer, which bounds
/// the ratio from below at log(0.1 / 0.9), and a gradient penalty as in Gulrajani et al. 2017
/// (WGAN-GP): the mean over random mixtures x of both classes of (|grad_x d(x)| - 1)^2, times
/// `penalty` (github.com/kausiksivakumar/TOM, discriminator_pytorch.py). Its inputs are as
/// recorded, not normalised.
class TransitionDiscriminator {
 public:
  TransitionDiscriminator(int64_t observation_size, int64_t action_size,
                          const DiscriminatorConfig& config, RandomStream random,
                          torch::Device device);

  /// Draws new weights, and forgets the optimiser's moments.
  void begin_again();

  /// Trains for `passes` passes over the newest `own` rows of `data`, in minibatches of `batch`,
  /// each with as many rows of all of `data`, drawn with replacement. Returns the mean loss of the
  /// last pass. Throws NonFiniteError.
  double train(const Transitions& data, int64_t own, int64_t batch);

  /// Returns d [n], without a gradient.
  Tensor logits(const Transitions& data) const;

  /// Returns the lengths of the gradients of d at x [n, 2 o + a]: [n].
  Tensor slopes(const Tensor& x) const { return slopes(layers(), x); }

  void serialize(Archive& archive);

 private:
  struct Layer {
    Tensor weight, bias;  // [in, out], [out]
  };
  std::vector<Layer> layers() const;
  std::vector<std::pair<int64_t, int64_t>> shapes() const;
  Tensor step(const Tensor& own, const Tensor& other, const Tensor& mixed);
  Tensor first(const std::vector<Layer>& layers, const Tensor& x) const;
  Tensor forward(const std::vector<Layer>& layers, const Tensor& x) const;
  Tensor loss(const std::vector<Layer>& layers, const Tensor& own, const Tensor& other,
              const Tensor& mixed) const;
  Tensor slopes(const std::vector<Layer>& layers, const Tensor& x) const;

  int64_t observation_size_, action_size_;
  DiscriminatorConfig config_;
  RandomStream random_;
  torch::Device device_;
  Tensor parameters_;
  VectorAdam adam_;
};

}  // namespace reverie
