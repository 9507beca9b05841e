// SPDX-License-Identifier: MIT
// Two DPDK ports joined back to back, without any kernel: for demonstrations and tests.
#pragma once

#include "base/error.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

struct rte_ring;

namespace landfall::dataplane {

/// What is sent on one end is received on the other, up to `capacity` packets on the way; packets
/// are handed over, not copied. The ends are opened as ports by their device names, and closed
/// before the cable goes.
class cable {
  public:
    /// `name` is unique in the process, of at most 16 characters.
    [[nodiscard]] static base::result<std::unique_ptr<cable>> create(const std::string& name,
                                                                     std::size_t capacity = 4096);
    ~cable();
    cable(const cable&) = delete;
    cable& operator=(const cable&) = delete;

    /// End 0 or 1.
    [[nodiscard]] const std::string& device(std::size_t end) const noexcept {
        return devices_[end];
    }
    /// Packets on their way to an end; about, for they move.
    [[nodiscard]] std::size_t on_the_way(std::size_t to) const noexcept;
    /// Frees what is on the way. Nobody uses the ends meanwhile; what was sent came from pools that
    /// must still be there.
    void clear() noexcept;

    /// Takes an end's link down, as if it were unplugged there, or up.
    void set_link(std::size_t end, bool up) noexcept;

  private:
    cable() = default;

    std::array<std::string, 2> devices_;
    std::array<std::uint16_t, 2> ports_{};
    std::array<bool, 2> made_{};
    std::array<rte_ring*, 2> rings_{};
};

} // namespace landfall::dataplane
