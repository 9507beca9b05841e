// SPDX-License-Identifier: MIT
// The channel coding of a carrier: CCSDS 131.0-B, with the variants that are seen in orbit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace landfall::fec {

enum class code_rate : std::uint8_t { none, r1_2, r2_3, r3_4, r5_6, r7_8 };
enum class nrz : std::uint8_t { l, m, m_per_rail };
enum class randomizer : std::uint8_t { none, pn255, pn131071 };
enum class derandomize : std::uint8_t { before_rs, after_rs };
enum class rs_code : std::uint8_t { none, rs223, rs239 };
enum class rs_basis : std::uint8_t { dual, conventional };

/// The attached sync marker: its `bits` low bits, the first bit sent being the most significant.
struct sync_marker {
    std::uint64_t value = 0x1ACFFC1D;
    unsigned bits = 32; ///< 8 to 64

    bool operator==(const sync_marker&) const = default;
};

struct coding {
    code_rate convolutional = code_rate::r1_2; ///< K=7, G1=171 G2=133 octal (131.0-B, 3)
    bool c2_first = false;                     ///< C2 is sent before C1
    /// C2 is inverted. CCSDS has it so at r=1/2, and not on the punctured codes (131.0-B, 3.4).
    bool c2_inverted = true;
    nrz line_code = nrz::l;
    sync_marker marker;
    randomizer pseudo_random = randomizer::pn255;
    derandomize derandomize_when = derandomize::before_rs;
    rs_code reed_solomon = rs_code::rs223;
    rs_basis basis = rs_basis::dual;
    unsigned rs_interleave = 4; ///< 1 to 8
    /// Octets of the transfer frame; with Reed–Solomon a multiple of the interleave, at most
    /// (255 - parity) * interleave: what is missing is virtual fill.
    std::size_t frame_octets = 892;
};

/// Reed–Solomon parity octets per codeword: 0, 16 or 32.
[[nodiscard]] constexpr std::size_t rs_parity_octets(rs_code code) noexcept {
    return code == rs_code::none ? 0 : code == rs_code::rs223 ? 32 : 16;
}

/// Octets between two sync markers: the transfer frame and its Reed–Solomon parity.
[[nodiscard]] constexpr std::size_t codeblock_octets(const coding& code) noexcept {
    return code.frame_octets + rs_parity_octets(code.reed_solomon) *
                                   (code.reed_solomon == rs_code::none ? 0 : code.rs_interleave);
}

} // namespace landfall::fec
