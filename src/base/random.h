// SPDX-License-Identifier: MIT
// Random numbers that are the same everywhere for the same seed.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace landfall::base {

/// Deterministic by seed on every platform (std distributions are not).
class random_source {
  public:
    explicit random_source(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t bits() { return engine_(); }
    bool bit() { return (engine_() >> 63U) != 0; }
    /// Uniform in [0, 1).
    double uniform() { return static_cast<double>(engine_() >> 11U) * 0x1.0p-53; }
    /// Uniform in [0, bound).
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    /// Gaussian with zero mean and unit variance (Box–Muller).
    double gaussian() {
        if (spare_ready_) {
            spare_ready_ = false;
            return spare_;
        }
        const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        const double angle = 2.0 * std::numbers::pi * uniform();
        spare_ = radius * std::sin(angle);
        spare_ready_ = true;
        return radius * std::cos(angle);
    }

  private:
    std::mt19937_64 engine_;
    double spare_ = 0;
    bool spare_ready_ = false;
};

} // namespace landfall::base
