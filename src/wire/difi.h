// SPDX-License-Identifier: MIT
// VITA 49.2 packets as DIFI (IEEE-ISTO 4900-2021, versions 1.0 to 1.3) profiles them: every field
// big-endian, one packet per UDP datagram.
#pragma once

#include "base/bytes.h"
#include "base/sample.h"
#include "base/time.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

namespace landfall::wire {

inline constexpr std::uint16_t difi_default_udp_port = 4991; ///< VITA 49's; DIFI fixes none
inline constexpr std::uint32_t difi_oui = 0x6A621E;
inline constexpr std::size_t difi_prologue_octets = 28;
inline constexpr std::size_t difi_context_octets = 108;
inline constexpr std::size_t difi_version_octets = 44;
inline constexpr std::size_t max_datagram_octets = 65507; ///< UDP's
inline constexpr unsigned min_sample_bits = 4;
inline constexpr unsigned max_sample_bits = 16;
inline constexpr double max_sample_rate_hz = 100e9;
/// GPS time has no leap seconds: it is ahead of UTC by this many since 2017-01-01.
inline constexpr std::int64_t gps_leap_seconds = 18;
inline constexpr std::int64_t gps_epoch_posix_s = 315'964'800; ///< 1980-01-06

/// Why a datagram is refused. Each is a metric label; see `name`.
enum class difi_error : std::uint8_t {
    too_short,           ///< shorter than its own header
    truncated,           ///< shorter than the packet size in its header
    size_mismatch,       ///< longer than that size, or than `max_datagram_octets`
    bad_packet_type,     ///< not data, context, version or command
    no_class_id,         ///< DIFI demands a class identifier
    unsupported_class,   ///< an information or packet class that DIFI does not have
    not_time_data,       ///< spectral data
    forbidden_tsi,       ///< data without integer seconds
    forbidden_tsf,       ///< data with neither real time nor a sample count
    bad_fraction,        ///< picoseconds or sample count of a second or more
    bad_pad,             ///< pad bits, or a payload that is not a whole number of samples
    empty_payload,       ///< data without samples
    context_truncated,   ///< the context's fields do not fit its size
    unsupported_context, ///< field attributes (CIF7) change the layout
    bad_sample_rate,     ///< zero, or more than `max_sample_rate_hz`
    unsupported_samples, ///< not complex signed integers of 4 to 16 bits
};
inline constexpr std::size_t difi_error_count = 16;
[[nodiscard]] const char* name(difi_error error) noexcept;

/// Integer-seconds clock. The values are those on the wire.
enum class time_scale : std::uint8_t {
    none = 0, ///< legacy context packets only
    utc = 1,  ///< counted from 1970 with leap seconds; taken to be POSIX, as senders in fact do
    gps = 2,  ///< from 1980-01-06; becomes POSIX by `gps_epoch_posix_s` and `gps_leap_seconds`
    posix = 3,
};

/// Meaning of the fraction. The values are those on the wire.
enum class fraction_kind : std::uint8_t {
    none = 0,
    sample_count = 1, ///< samples since the second began
    picoseconds = 2,
    free_running = 3, ///< not used by DIFI
};

enum class packet_kind : std::uint8_t { data, context, version, other };

/// The prologue, words 1 to 7 (section 1 of VITA 49.2; legacy context packets lack words 6 and 7).
struct difi_header {
    packet_kind kind = packet_kind::other;
    std::uint8_t packet_type = 0; ///< 1 data, 4 and 5 context, 6 and 7 command
    std::uint8_t sequence = 0;    ///< modulo 16, per kind and stream
    time_scale scale = time_scale::none;
    fraction_kind fraction = fraction_kind::none;
    std::uint8_t pad_bits = 0; ///< 0 to 31 bits at the end of the payload that are not samples
    std::uint16_t information_class = 0;
    std::uint16_t packet_class = 0;
    std::uint32_t stream_id = 0;
    std::uint32_t oui = 0;
    std::uint32_t integer_seconds = 0;
    std::uint64_t fractional = 0; ///< picoseconds or samples, by `fraction`

    /// POSIX time of the packet; none where it has none, or counts samples and the rate is 0.
    [[nodiscard]] std::optional<base::timestamp> time(double sample_rate_hz) const noexcept;
};

/// One side of the word that describes the samples (VITA 49.2, 9.13.3).
struct payload_format {
    unsigned bits = 8; ///< of I and of Q: 4 to 16
    bool operator==(const payload_format&) const = default;
};

/// What a context packet carries (VITA 49.2, 9.1). A field whose CIF0 bit is clear is absent,
/// which means unchanged.
struct context_fields {
    bool changed = false; ///< CIF0 bit 31
    std::optional<std::uint32_t> reference_point;
    std::optional<double> bandwidth_hz;
    std::optional<double> if_reference_hz;
    std::optional<double> rf_reference_hz;
    std::optional<double> if_band_offset_hz;
    std::optional<double> scaling_level_db;
    std::optional<double> reference_level_dbm;
    std::optional<double> gain1_db;
    std::optional<double> gain2_db;
    std::optional<double> sample_rate_hz;
    std::optional<std::int64_t> time_adjustment_fs;
    std::optional<std::uint32_t> time_calibration_s;
    std::optional<std::uint32_t> state; ///< enables in bits 31-24, indicators in 19-12
    std::optional<payload_format> format;
};

/// What a version packet carries (DIFI information class 1).
struct version_fields {
    std::uint32_t v49_version = 4;
    std::uint16_t year = 2000;
    std::uint16_t day_of_year = 1; ///< 1 to 366
    std::uint8_t revision = 1;     ///< 0 to 63
    std::uint8_t type = 0;         ///< 0 to 15
    std::uint8_t icd_version = 0;  ///< 0 to 63
    bool operator==(const version_fields&) const = default;
};

/// A packet, parsed. `payload` (data only) is a view into the datagram.
struct difi_packet {
    difi_header header;
    base::octets payload;
    context_fields context; ///< set for a context packet
    version_fields version; ///< set for a version packet
};

/// Parses one datagram. Liberal where gear in the field is: any OUI (the class codes of another
/// OUI are not looked at), version packets of type 4 and of type 5, context packets of any CIF0
/// layout with or without time, a trailer word. Packets of other kinds come as `other`.
[[nodiscard]] std::expected<difi_packet, difi_error> parse_difi(base::octets datagram) noexcept;

/// Complex samples in a payload; `bad_pad` when it is not a whole number of them.
[[nodiscard]] std::expected<std::size_t, difi_error>
samples_in_payload(std::size_t octets, unsigned pad_bits, unsigned bits) noexcept;

/// Samples per packet must be a multiple of this, so that the payload ends on a 32-bit word.
[[nodiscard]] std::size_t sample_granularity(unsigned bits) noexcept;
/// Most samples in a UDP datagram of at most `datagram_octets` (1472 for an MTU of 1500).
[[nodiscard]] std::size_t max_samples_per_datagram(std::size_t datagram_octets,
                                                   unsigned bits) noexcept;

/// What the writers put into the prologue.
struct difi_stamp {
    std::uint32_t stream_id = 0;
    std::uint8_t sequence = 0;
    time_scale scale = time_scale::posix;
    base::timestamp time;
};

/// Each writer appends one packet to `out`.
/// Data: samples packed at `bits` each for I and Q, saturating; returns how many samples saturated.
/// The count should be a multiple of `sample_granularity`; otherwise the last word is padded and
/// its pad bits counted in the prologue, which information class 0 does not allow.
std::size_t write_difi_data(std::vector<std::uint8_t>& out, const difi_stamp& stamp,
                            std::span<const base::cf32> samples, unsigned bits);
/// Context: the 108-octet layout of DIFI 1.1 and later; absent fields are written as 0, an absent
/// format as 8 bits, an absent reference point as 100 (IF converter port).
void write_difi_context(std::vector<std::uint8_t>& out, const difi_stamp& stamp,
                        const context_fields& context);
/// Version: type 4 is the standard's; today's certifier demands 5.
void write_difi_version(std::vector<std::uint8_t>& out, const difi_stamp& stamp,
                        const version_fields& version, unsigned packet_type = 4);

} // namespace landfall::wire
