// SPDX-License-Identifier: MIT
// Writes TM and AOS transfer frames with multiplexed packets: for the simulator and for tests.
#pragma once

#include "framing/frame.h"
#include "framing/parameters.h"

#include <deque>
#include <optional>
#include <span>

namespace landfall::framing {

/// The fill of frames with only idle data: x^32 + x^22 + x^2 + x + 1, initially all ones, never
/// restarted (132.0-B 4.1.4.6, 732.1-B annex H).
class idle_sequence {
  public:
    std::uint8_t next_octet() noexcept;

  private:
    std::uint32_t state_ = 0xFFFF'FFFFU; ///< the next 32 bits, the first on top
};

struct frame_builder_parameters {
    frame_format format = frame_format::aos; ///< tm or aos
    std::uint16_t spacecraft_id = 0;         ///< tm: 0–1023; aos: 0–255
    std::uint8_t vcid = 0;                   ///< tm: 0–7; aos: 0–62
    std::size_t frame_octets = 892;          ///< 24 to 2048
    bool fecf = false;
    bool aos_header_error_control = false;
    std::size_t insert_zone_octets = 0; ///< aos: of zeros, 0 to 9
    std::optional<std::uint32_t> ocf;   ///< in every frame
    /// AOS: frames with nothing to send go to virtual channel 63, with its own count. Else, and in
    /// TM, they are frames of this channel whose pointer says that they are idle.
    bool aos_fill_channel = true;
};

/// One virtual channel. Queue packets, take frames.
class frame_builder {
  public:
    static constexpr std::size_t most_queued_octets = std::size_t{1} << 20U;

    explicit frame_builder(const frame_builder_parameters& parameters);

    /// Queues one whole packet (space or encapsulation packet). False when the queue is full: take
    /// frames first.
    [[nodiscard]] bool push_packet(base::octets packet);

    /// The octets that wait to be sent.
    [[nodiscard]] std::size_t queued_octets() const noexcept { return queue_.size() - sent_; }

    /// Writes the next frame into `out`, whose size is `frame_octets`. The queued packets end in an
    /// idle packet when they do not fill the frame; with nothing queued the frame is fill.
    void next_frame(std::span<std::uint8_t> out);

    /// As above, with the count of a master channel that several builders share (TM).
    void next_frame(std::span<std::uint8_t> out, std::uint8_t master_count);

    /// The count that the next frame of this channel carries, modulo 2^8 or 2^24.
    void set_count(std::uint32_t count) noexcept { count_ = count; }

    /// The octets of packets in one frame.
    [[nodiscard]] std::size_t packet_octets() const noexcept;

  private:
    void write_tm_header(std::span<std::uint8_t> out, std::uint16_t pointer,
                         std::uint8_t master_count);
    void write_aos_header(std::span<std::uint8_t> out, std::uint16_t pointer);
    std::uint16_t fill_packets(std::span<std::uint8_t> zone);
    void pad_queue(std::size_t octets);

    frame_builder_parameters parameters_;
    std::vector<std::uint8_t> queue_;
    std::size_t sent_ = 0;           ///< octets of the queue that are sent already
    std::deque<std::size_t> starts_; ///< where in the queue unsent packets begin
    std::uint32_t count_ = 0;
    std::uint32_t fill_count_ = 0;
    std::uint8_t master_count_ = 0;
    std::uint16_t idle_packet_count_ = 0;
    idle_sequence idle_;
};

} // namespace landfall::framing
