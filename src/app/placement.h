// SPDX-License-Identifier: MIT
// What carriers cost, and which modem lcores run them.
#pragma once

#include "config/gateway.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::app {

/// Seconds of a lcore for each second of signal.
struct carrier_cost {
    double demodulation = 0.0; ///< from DIFI packets to soft bits
    double decoding = 0.0;     ///< to frames
    [[nodiscard]] double both() const noexcept { return demodulation + decoding; }
};

/// Measures, on the calling thread, with a simulated signal: some 50 ms. `sample_rate_hz` 0: as is
/// usual.
[[nodiscard]] carrier_cost measure_cost(const config::mission& mission, double sample_rate_hz);

/// A carrier that takes more of a lcore than this is spread over two, if there are two.
inline constexpr double most_of_lcore = 0.7;

struct carrier_to_place {
    carrier_cost cost;
    unsigned lcores = 0; ///< 1 or 2; 0: as the cost says
};

/// Io lcores beyond one for each port: only where the configuration has that many.
[[nodiscard]] std::size_t spare_io_lcores(const config::gateway& settings) noexcept;
[[nodiscard]] bool has_carriers(const config::gateway& settings,
                                const config::port_settings& port) noexcept;

/// How many receive queues to ask of the next of `ports_left` ports with carriers, when `spare` io
/// lcores are left beside one for each port: what a device does not have is for the next port.
[[nodiscard]] constexpr std::uint16_t queues_to_ask(std::size_t spare,
                                                    std::size_t ports_left) noexcept {
    return static_cast<std::uint16_t>(1 + (spare + ports_left - 1) / ports_left);
}

/// Lcores by their number; where both are the same the carrier is not spread.
struct carrier_place {
    std::size_t demodulation = 0;
    std::size_t decoding = 0;
    [[nodiscard]] bool spread() const noexcept { return demodulation != decoding; }
};

/// The costliest first, each to the lcore that has least to do. `lcores` is at least 1.
[[nodiscard]] std::vector<carrier_place> place(std::span<const carrier_to_place> carriers,
                                               std::size_t lcores);

} // namespace landfall::app
