// SPDX-License-Identifier: MIT
// The tunnel's stages of `landfall bench`: transmit side, one core, no I/O, 1,424 octets inside.
#pragma once

namespace landfall::app {

/// bit/s of inner packets.
struct tunnel_rates {
    /// A frame made an IP packet by delivery's router and encrypted by the data half; 0: it did not
    /// work.
    double transmit = 0.0;
    double one_call = 0.0; ///< the bare cipher and tag calls
    double plain = 0.0;    ///< libsodium's AEAD call
};

/// All three in turn, over and over, so that the machine's mood is the same for each; the upper
/// quartile of many short measurements.
[[nodiscard]] tunnel_rates measure_tunnel(double seconds);

} // namespace landfall::app
