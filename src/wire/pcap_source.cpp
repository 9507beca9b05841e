// SPDX-License-Identifier: MIT
#include "wire/pcap_source.h"

#include "wire/input_file.h"
#include "wire/iq_demux.h"

#include <fmt/core.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>

namespace landfall::wire {

namespace {

constexpr std::size_t max_known_ports = 64;

struct pcap_closer {
    void operator()(pcap_t* capture) const noexcept { pcap_close(capture); }
};

iq_demux_config demux_config(const source_options& options) {
    iq_demux_config config;
    config.stream_id = options.stream_id;
    config.stream.block_samples = options.block_samples;
    return config;
}

bool has_difi_oui(base::octets payload) noexcept {
    return payload.size() >= difi_prologue_octets && payload[9] == 0x6A && payload[10] == 0x62 &&
           payload[11] == 0x1E;
}

class pcap_source final : public iq_source {
  public:
    pcap_source(std::vector<std::string> paths, const source_options& options)
        : paths_(std::move(paths)), options_(options), demux_(demux_config(options)) {
        info_.name = paths_.size() == 1
                         ? paths_[0]
                         : fmt::format("{} and {} more", paths_[0], paths_.size() - 1);
        info_.format = "DIFI packets in a capture";
    }

    /// Opens every file once, so that what cannot be read is told before the work begins.
    base::result<void> check_files() {
        for (const std::string& path : paths_) {
            if (auto opened = open(path); !opened) {
                return opened;
            }
            total_octets_ += file_octets_;
        }
        capture_.reset();
        return {};
    }

    base::result<bool> next(iq_block& block) override {
        for (;;) {
            if (demux_.next(block)) {
                note(block);
                return true;
            }
            if (ended_) {
                return end();
            }
            if (!read_packet()) {
                ended_ = true;
                demux_.flush();
            }
        }
    }

    [[nodiscard]] double progress() const override {
        const std::uint64_t done = done_octets_ + (capture_ ? offset() : 0);
        return total_octets_ == 0
                   ? 0.0
                   : std::min(1.0, static_cast<double>(done) / static_cast<double>(total_octets_));
    }
    [[nodiscard]] double seconds_total() const override { return 0; }
    [[nodiscard]] const source_info& info() const override { return info_; }
    [[nodiscard]] iq_counters counters() const override {
        iq_counters sum = demux_.counters();
        sum.add(own_);
        return sum;
    }
    [[nodiscard]] iq_counters counters(std::uint32_t stream_id) const override {
        const iq_stream* stream = demux_.find(stream_id);
        return stream != nullptr ? stream->counters() : iq_counters{};
    }

  private:
    [[nodiscard]] std::uint64_t offset() const {
        const off_t at = ftello(pcap_file(capture_.get()));
        return at < 0 ? 0 : static_cast<std::uint64_t>(at);
    }

    base::result<void> open(const std::string& path) {
        auto file = open_input(path);
        if (!file) {
            return std::unexpected(file.error());
        }
        std::array<char, PCAP_ERRBUF_SIZE> message{};
        capture_.reset(pcap_fopen_offline(file->handle.get(), message.data()));
        if (!capture_) {
            return std::unexpected(base::failure{
                fmt::format("{}: is not a readable capture: {}", path, message.data())});
        }
        static_cast<void>(file->handle.release()); // pcap_close closes it
        file_octets_ = file->octets;
        const int dlt = pcap_datalink(capture_.get());
        const auto link = link_type_of(dlt);
        if (!link) {
            const char* dlt_name = pcap_datalink_val_to_name(dlt);
            return std::unexpected(
                base::failure{fmt::format("{}: link type {} ({}) does not carry Ethernet or IP",
                                          path, dlt, dlt_name != nullptr ? dlt_name : "unknown")});
        }
        link_ = *link;
        packet_number_ = 0;
        return {};
    }

    /// One captured packet into the demultiplexer; false at the end or a failure.
    bool read_packet() {
        while (!capture_) {
            if (file_index_ == paths_.size()) {
                return false;
            }
            if (auto opened = open(paths_[file_index_]); !opened) {
                failure_ = opened.error();
                return false;
            }
        }
        const std::uint64_t at = offset();
        pcap_pkthdr* header = nullptr;
        const u_char* data = nullptr;
        const int got = pcap_next_ex(capture_.get(), &header, &data);
        if (got == PCAP_ERROR_BREAK) {
            done_octets_ += file_octets_;
            capture_.reset();
            ++file_index_;
            return true;
        }
        ++packet_number_;
        if (got != 1) {
            failure_ = base::failure{fmt::format("{}: packet {}, at octet {}, cannot be read: {}",
                                                 paths_[file_index_], packet_number_, at,
                                                 pcap_geterr(capture_.get()))};
            return false;
        }
        take_frame({data, header->caplen});
        return true;
    }

    void take_frame(base::octets frame) {
        const auto datagram = parse_frame(link_, frame);
        if (!datagram) {
            ++own_.refused_frames;
            return;
        }
        const std::uint16_t port = datagram->destination_port;
        if (options_.udp_port && *options_.udp_port != port) {
            ++own_.not_selected;
            return;
        }
        const bool known_port = std::find(ports_.begin(), ports_.end(), port) != ports_.end();
        const bool expected = options_.udp_port || known_port || has_difi_oui(datagram->payload);
        if (!expected && !parse_difi(datagram->payload)) {
            ++own_.not_difi;
            return;
        }
        const auto pushed = demux_.push(datagram->payload);
        if (pushed && !known_port && ports_.size() < max_known_ports) {
            ports_.push_back(port);
        }
    }

    void note(const iq_block& block) {
        info_.sample_rate_hz = block.sample_rate_hz;
        info_.center_frequency_hz = block.center_frequency_hz;
        if (!info_.start_time) {
            info_.start_time = block.time;
        }
    }

    base::result<bool> end() {
        if (end_told_) {
            return false;
        }
        end_told_ = true;
        capture_.reset();
        if (failure_) {
            return std::unexpected(*failure_);
        }
        const iq_counters sum = counters();
        if (sum.samples > 0) {
            return false;
        }
        return std::unexpected(base::failure{fmt::format("{}: {}", info_.name, why_empty(sum))});
    }

    [[nodiscard]] static std::string why_empty(const iq_counters& sum) {
        if (sum.before_context_dropped > 0) {
            return fmt::format("{} DIFI data packets but no context packet that tells their sample "
                               "rate and depth ({} packets invalid)",
                               sum.data_packets, sum.invalid_total());
        }
        return fmt::format("no DIFI samples in it: {} DIFI packets ({} of another stream or port "
                           "than asked for), {} invalid, {} other UDP datagrams, {} frames without "
                           "a whole UDP datagram",
                           sum.packets, sum.not_selected, sum.invalid_total(), sum.not_difi,
                           sum.refused_frames);
    }

    std::vector<std::string> paths_;
    source_options options_;
    iq_demux demux_;
    source_info info_;
    iq_counters own_;

    std::unique_ptr<pcap_t, pcap_closer> capture_;
    link_type link_ = link_type::ethernet;
    std::size_t file_index_ = 0;
    std::uint64_t file_octets_ = 0;
    std::uint64_t done_octets_ = 0;
    std::uint64_t total_octets_ = 0;
    std::uint64_t packet_number_ = 0;
    std::vector<std::uint16_t> ports_; // where DIFI packets have been seen
    std::optional<base::failure> failure_;
    bool ended_ = false;
    bool end_told_ = false;
};

} // namespace

base::result<std::unique_ptr<iq_source>> open_captures(std::span<const std::string> paths,
                                                       const source_options& options) {
    auto source = std::make_unique<pcap_source>(
        std::vector<std::string>(paths.begin(), paths.end()), options);
    if (auto checked = source->check_files(); !checked) {
        return std::unexpected(checked.error());
    }
    return source;
}

} // namespace landfall::wire
