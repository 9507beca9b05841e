// SPDX-License-Identifier: MIT
// A WireGuard tunnel: one identity, several peers, in two halves on two threads.
#pragma once

#include "crypto/control_half.h"
#include "crypto/data_half.h"

#include <algorithm>

namespace landfall::crypto {

struct tunnel_config {
    control_config control;
    std::size_t peers = 64;       ///< at most; memory is taken for them at start. 1 to 128
    std::size_t inner_mtu = 1408; ///< longest inner packet: `inner_mtu_of` the port's MTU
    sealing mode = sealing::one_call;
};

/// Where its objects live; neither copied nor moved.
class tunnel {
  public:
    explicit tunnel(tunnel_config config)
        : shared_(std::clamp<std::size_t>(config.peers, 1, most_peers), config.inner_mtu,
                  config.mode),
          control_(std::move(config.control), shared_), data_(shared_) {}
    tunnel(const tunnel&) = delete;
    tunnel& operator=(const tunnel&) = delete;

    [[nodiscard]] control_half& control() noexcept { return control_; } ///< the control thread's
    [[nodiscard]] data_half& data() noexcept { return data_; }          ///< the io lcore's
    [[nodiscard]] const tunnel_numbers& numbers() const noexcept {      ///< anyone's
        return shared_.numbers;
    }

  private:
    shared_state shared_;
    control_half control_;
    data_half data_;
};

} // namespace landfall::crypto
