// SPDX-License-Identifier: MIT
#include "framing/deframer.h"

#include "framing/detectors.h"

#include <algorithm>
#include <utility>

namespace landfall::framing {

namespace {

constexpr std::size_t most_held_frames = 3;
constexpr std::size_t map_count = 16;

/// What the engine needs of a frame, whatever its format.
struct frame_view {
    frame_format format = frame_format::none;
    std::uint16_t spacecraft_id = 0;
    std::uint8_t vcid = 0;
    std::uint8_t map_id = 0;
    bool fill = false;
    bool expedited = false;
    std::uint64_t count = 0;
    unsigned count_bits = 0;
    std::optional<std::uint32_t> ocf;
    base::octets secondary_header;
    bool has_packets = false;
    bool packets_end_here = false; ///< no packet continues in the next frame
    base::octets packets;
    std::optional<std::size_t> first_header;
};

std::optional<std::size_t> offset_of(std::uint16_t pointer, std::uint16_t none) noexcept {
    return pointer == none ? std::nullopt : std::optional<std::size_t>(pointer);
}

frame_view view_of(const tm_frame& frame) noexcept {
    frame_view view;
    view.format = frame_format::tm;
    view.spacecraft_id = frame.spacecraft_id;
    view.vcid = frame.vcid;
    view.fill = is_only_idle(frame);
    view.count = frame.frame_count;
    view.count_bits = tm_count_bits;
    view.ocf = frame.ocf;
    view.secondary_header = frame.secondary_header;
    view.has_packets = !frame.synchronisation;
    view.packets = frame.data;
    view.first_header = offset_of(frame.first_header_pointer, pointer_no_packet);
    return view;
}

frame_view view_of(const aos_frame& frame) noexcept {
    frame_view view;
    view.format = frame_format::aos;
    view.spacecraft_id = frame.spacecraft_id;
    view.vcid = frame.vcid;
    view.fill = frame.vcid == only_idle_vcid;
    view.count = frame.frame_count;
    view.count_bits = aos_count_bits;
    if (frame.count_cycle_used) {
        view.count |= std::uint64_t{frame.count_cycle} << aos_count_bits;
        view.count_bits += aos_cycle_bits;
    }
    view.ocf = frame.ocf;
    view.secondary_header = frame.insert_zone;
    if (const auto unit = parse_m_pdu(frame.data); unit && unit->spare_is_zero) {
        view.fill = view.fill || unit->first_header_pointer == pointer_only_idle;
        view.has_packets = true;
        view.packets = unit->packet_zone;
        view.first_header = offset_of(unit->first_header_pointer, pointer_no_packet);
    }
    return view;
}

void view_uslp_packets(const uslp_frame& frame, frame_view& view) noexcept {
    if (frame.protocol_id != uslp_protocol_packets || frame.protocol_control) {
        return;
    }
    view.packets = frame.data;
    view.has_packets = true;
    switch (frame.rule) {
    case uslp_rule::packets_span_frames:
        view.first_header = offset_of(frame.pointer.value_or(uslp_pointer_none), uslp_pointer_none);
        break;
    case uslp_rule::no_segmentation:
        view.first_header = 0;
        view.packets_end_here = true;
        break;
    case uslp_rule::segment_start:
        view.first_header = 0;
        break;
    case uslp_rule::segment_continued:
        break;
    case uslp_rule::segment_last:
        view.packets_end_here = true;
        break;
    case uslp_rule::access_start:
    case uslp_rule::access_continued:
    case uslp_rule::octet_stream:
        view.has_packets = false;
        break;
    }
}

frame_view view_of(const uslp_frame& frame) noexcept {
    frame_view view;
    view.format = frame_format::uslp;
    view.spacecraft_id = frame.spacecraft_id;
    view.vcid = frame.vcid;
    view.map_id = frame.map_id;
    view.fill = is_only_idle(frame);
    view.expedited = frame.expedited;
    view.count = frame.frame_count;
    view.count_bits = frame.count_octets * 8;
    view.ocf = frame.ocf;
    view.secondary_header = frame.insert_zone;
    view_uslp_packets(frame, view);
    return view;
}

template <class Frame>
std::expected<frame_view, frame_error>
view_of(const std::expected<Frame, frame_error>& frame) noexcept {
    if (!frame) {
        return std::unexpected(frame.error());
    }
    return view_of(*frame);
}

/// What a virtual channel remembers from frame to frame.
struct channel_state {
    struct service {
        frame_count count;
        arrival last;
        std::array<packet_extractor*, map_count> extractors{};
    };
    std::array<service, 2> services; ///< USLP: expedited frames are a stream of their own
};

struct held_frame {
    std::vector<std::uint8_t> octets;
    received_frame frame;
};

} // namespace

const char* name(packet_kind kind) noexcept {
    switch (kind) {
    case packet_kind::space_packet:
        return "space_packet";
    case packet_kind::ipv4:
        return "ipv4";
    case packet_kind::ipv6:
        return "ipv6";
    case packet_kind::encapsulation:
        return "encapsulation";
    }
    return "unknown";
}

class deframer::engine {
  public:
    explicit engine(const frame_parameters& parameters);

    void push(const received_frame& frame, const deframer_sinks& sinks);
    void release_held(const deframer_sinks& sinks);

    deframer_totals totals;
    std::vector<channel_counters> counters;
    fecf_detector fecf;

  private:
    void process(const received_frame& frame, bool fecf_fits, const deframer_sinks& sinks);
    std::expected<frame_view, frame_error> view(const received_frame& frame, bool fecf_fits);
    std::optional<std::size_t> find_channel(const frame_view& frame);
    count_step count(std::size_t channel, const frame_view& view, const received_frame& frame);
    void extract(std::size_t channel, const frame_view& view, const received_frame& frame,
                 const deframer_sinks& sinks);
    packet_extractor* extractor(std::size_t channel, const frame_view& view);
    void refuse(frame_error error) noexcept;

    frame_parameters parameters_;
    version_detector version_;
    header_control_detector header_control_;
    frame_period period_;
    std::vector<channel_state> states_; ///< as many as `counters`
    std::vector<packet_extractor> extractors_;
    std::vector<std::vector<std::uint8_t>> buffers_; ///< of extractors to come
    std::array<held_frame, most_held_frames> held_;
    std::size_t held_count_ = 0;
};

deframer::engine::engine(const frame_parameters& parameters)
    : fecf(parameters.fecf, parameters.format), parameters_(parameters),
      version_(parameters.format), header_control_(parameters.aos_header_error_control) {
    // The extractors refer to their channel's counters, channels to their extractors: none moves.
    counters.reserve(most_channels);
    states_.reserve(most_channels);
    extractors_.reserve(most_extractors);
    buffers_.resize(most_extractors);
    for (auto& buffer : buffers_) {
        buffer.reserve(largest_packet_octets);
    }
    if (!fecf.octets()) {
        for (held_frame& held : held_) {
            held.octets.reserve(largest_frame_octets);
        }
    }
}

void deframer::engine::push(const received_frame& frame, const deframer_sinks& sinks) {
    if (frame.octets.size() > largest_frame_octets) {
        refuse(frame_error::too_long);
        return;
    }
    if (frame.first_bit.is_known) {
        period_.observe(frame.first_bit.time);
    }
    const bool fits = fecf.observe(frame.octets, frame.checked).fits;
    const bool must_wait = !frame.checked || held_count_ > 0;
    if (!fecf.octets() && must_wait && held_count_ < most_held_frames) {
        held_frame& held = held_[held_count_++];
        held.octets.assign(frame.octets.begin(), frame.octets.end());
        held.frame = frame;
        return;
    }
    release_held(sinks);
    process(frame, fits, sinks);
}

void deframer::engine::release_held(const deframer_sinks& sinks) {
    for (held_frame& held : std::span(held_).first(std::exchange(held_count_, 0))) {
        held.frame.octets = held.octets;
        process(held.frame, false, sinks);
    }
}

void deframer::engine::process(const received_frame& frame, bool fecf_fits,
                               const deframer_sinks& sinks) {
    const auto found = view(frame, fecf_fits);
    if (!found) {
        refuse(found.error());
        return;
    }
    const auto channel = find_channel(*found);
    if (!channel) {
        refuse(frame_error::too_many_channels);
        return;
    }
    const count_step step = count(*channel, *found, frame);
    if (found->fill) {
        ++totals.fill;
        ++counters[*channel].fill;
    } else {
        ++totals.good;
        totals.corrected += frame.corrected ? 1 : 0;
        ++counters[*channel].frames;
    }
    sinks.frame({frame.octets, frame.first_bit, frame.corrected, found->format,
                 found->spacecraft_id, found->vcid, found->map_id, found->fill, found->count, step,
                 found->ocf, found->secondary_header});
    if (found->has_packets && !found->fill && !step.duplicate) {
        extract(*channel, *found, frame, sinks);
    }
}

std::expected<frame_view, frame_error> deframer::engine::view(const received_frame& frame,
                                                              bool fecf_fits) {
    frame_layout layout;
    layout.fecf_octets = fecf.octets().value_or(0);
    layout.insert_zone_octets = parameters_.insert_zone_octets;
    layout.aos_ocf = parameters_.aos_ocf;
    if (layout.fecf_octets != 0 && !fecf_fits) {
        return std::unexpected(frame_error::fecf_mismatch);
    }
    if (parameters_.format == frame_format::none) {
        return frame_view{};
    }
    const auto format = version_.observe(frame.octets, frame.checked || fecf_fits);
    if (!format) {
        return std::unexpected(format.error());
    }
    if (*format == frame_format::tm) {
        return view_of(parse_tm(frame.octets, layout));
    }
    if (*format == frame_format::aos) {
        layout.aos_header_error_control = header_control_.observe(frame.octets);
        return view_of(parse_aos(frame.octets, layout));
    }
    return view_of(parse_uslp(frame.octets, layout));
}

/// The channel's place in the tables; empty when they are full.
std::optional<std::size_t> deframer::engine::find_channel(const frame_view& frame) {
    std::array<std::uint16_t, most_spacecraft> spacecraft{};
    std::size_t spacecraft_count = 0;
    for (std::size_t i = 0; i < counters.size(); ++i) {
        const channel_counters& known = counters[i];
        if (known.vcid == frame.vcid && known.spacecraft_id == frame.spacecraft_id &&
            known.format == frame.format) {
            return i;
        }
        const auto end = spacecraft.begin() + static_cast<std::ptrdiff_t>(spacecraft_count);
        if (std::find(spacecraft.begin(), end, known.spacecraft_id) == end) {
            spacecraft[spacecraft_count++] = known.spacecraft_id;
        }
    }
    const auto end = spacecraft.begin() + static_cast<std::ptrdiff_t>(spacecraft_count);
    const bool known_spacecraft = std::find(spacecraft.begin(), end, frame.spacecraft_id) != end;
    if (counters.size() == most_channels ||
        (!known_spacecraft && spacecraft_count == most_spacecraft)) {
        return std::nullopt;
    }
    channel_counters fresh;
    fresh.format = frame.format;
    fresh.spacecraft_id = frame.spacecraft_id;
    fresh.vcid = frame.vcid;
    counters.push_back(fresh);
    states_.emplace_back();
    return counters.size() - 1;
}

count_step deframer::engine::count(std::size_t channel, const frame_view& view,
                                   const received_frame& frame) {
    channel_state::service& service = states_[channel].services[view.expedited ? 1 : 0];
    frame_count::observation observed{
        view.count, view.count_bits, fingerprint(frame.octets.data(), frame.octets.size()), {}};
    if (frame.first_bit.is_known && service.last.is_known) {
        observed.room = period_.room(service.last.time, frame.first_bit.time);
    }
    service.last = frame.first_bit;
    const count_step step = service.count.advance(observed);
    channel_counters& counted = counters[channel];
    const bool only_fill = view.fill && counted.frames == 0;
    (only_fill ? counted.missing_fill : counted.missing) += step.missing;
    (only_fill ? totals.missing_fill : totals.missing) += step.missing;
    counted.restarts += step.restart ? 1 : 0;
    counted.duplicates += step.duplicate ? 1 : 0;
    if (!step.contiguous && !step.duplicate) {
        for (packet_extractor* const extractor : service.extractors) {
            if (extractor != nullptr) {
                extractor->interrupt();
            }
        }
    }
    return step;
}

packet_extractor* deframer::engine::extractor(std::size_t channel, const frame_view& view) {
    auto& place = states_[channel].services[view.expedited ? 1 : 0].extractors[view.map_id];
    if (place == nullptr && !buffers_.empty()) {
        place = &extractors_.emplace_back(counters[channel].extraction, std::move(buffers_.back()));
        buffers_.pop_back();
    }
    return place;
}

void deframer::engine::extract(std::size_t channel, const frame_view& view,
                               const received_frame& frame, const deframer_sinks& sinks) {
    packet_extractor* const packets = extractor(channel, view);
    if (packets == nullptr) {
        ++totals.unextracted_frames;
        return;
    }
    const auto sink = [&](base::octets octets, const arrival& began) {
        delivered_packet packet{packet_kind::space_packet, octets,    began,
                                view.spacecraft_id,        view.vcid, view.map_id};
        if (octets[0] >> 5U == 0) {
            packet.apid = base::byte_reader(octets).u16() & idle_apid;
        } else {
            packet.kind = packet_kind::encapsulation;
            const auto outer = parse_encapsulation(octets);
            if (const auto content = outer ? ip_in(*outer) : std::nullopt) {
                packet.kind = content->version == 4 ? packet_kind::ipv4 : packet_kind::ipv6;
                packet.octets = content->datagram;
            }
        }
        ++totals.packets;
        sinks.packet(packet);
    };
    packets->push({view.packets, view.first_header, frame.first_bit}, sink);
    if (view.packets_end_here) {
        packets->interrupt();
    }
}

void deframer::engine::refuse(frame_error error) noexcept {
    ++totals.bad;
    ++totals.refused[static_cast<std::size_t>(error)];
}

deframer::deframer(const frame_parameters& parameters)
    : engine_(std::make_unique<engine>(parameters)) {}
deframer::~deframer() = default;
deframer::deframer(deframer&&) noexcept = default;
deframer& deframer::operator=(deframer&&) noexcept = default;

void deframer::push(const received_frame& frame, const deframer_sinks& sinks) {
    engine_->push(frame, sinks);
}

void deframer::finish(const deframer_sinks& sinks) {
    engine_->release_held(sinks);
}

const deframer_totals& deframer::totals() const noexcept {
    return engine_->totals;
}

std::span<const channel_counters> deframer::channels() const noexcept {
    return engine_->counters;
}

std::optional<std::size_t> deframer::fecf_octets() const noexcept {
    return engine_->fecf.octets();
}

} // namespace landfall::framing
