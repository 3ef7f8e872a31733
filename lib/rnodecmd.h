/*
 * rnodecmd - the commands of an RNode's serial protocol, both ways.  Numbers
 * are big-endian.  Source: RNode firmware 1.86, Framing.h.
 */
#ifndef ML_RNODECMD_H
#define ML_RNODECMD_H

enum ml_rnode_cmd {
	ML_RNODE_DATA = 0x00,		/* a frame to send, or that was received */
	ML_RNODE_FREQUENCY = 0x01,	/* u32 Hz; 0 asks */
	ML_RNODE_BANDWIDTH = 0x02,	/* u32 Hz; 0 asks */
	ML_RNODE_TXPOWER = 0x03,	/* u8 dBm; ff asks */
	ML_RNODE_SF = 0x04,		/* u8; ff asks */
	ML_RNODE_CR = 0x05,		/* u8, 5 to 8; ff asks */
	ML_RNODE_RADIO_STATE = 0x06,	/* 00 off, 01 on; ff asks */
	ML_RNODE_RADIO_LOCK = 0x07,	/* 01 until all is set */
	ML_RNODE_DETECT = 0x08,		/* 73 asks, 46 answers */
	ML_RNODE_IMPLICIT = 0x09,
	ML_RNODE_LEAVE = 0x0a,		/* ff */
	ML_RNODE_ST_ALOCK = 0x0b,	/* u16 percent x 100: airtime in 15 s */
	ML_RNODE_LT_ALOCK = 0x0c,	/* the same in an hour */
	ML_RNODE_PROMISC = 0x0e,
	ML_RNODE_READY = 0x0f,		/* any byte asks: 01 room, 00 full */
	ML_RNODE_SELECT = 0x1f,		/* of devices with several modems */
	ML_RNODE_STAT_RX = 0x21,
	ML_RNODE_STAT_TX = 0x22,
	ML_RNODE_STAT_RSSI = 0x23,	/* u8: dBm + 157 */
	ML_RNODE_STAT_SNR = 0x24,	/* i8: dB x 4 */
	ML_RNODE_STAT_CHTM = 0x25,	/* airtime, load, noise: 11 bytes */
	ML_RNODE_STAT_PHYPRM = 0x26,	/* symbol, preamble, slot: 12 bytes */
	ML_RNODE_STAT_BAT = 0x27,	/* state, percent */
	ML_RNODE_STAT_CSMA = 0x28,	/* band, window from, to */
	ML_RNODE_STAT_TEMP = 0x29,	/* u8: degrees + 120 */
	ML_RNODE_BLINK = 0x30,
	ML_RNODE_RANDOM = 0x40,
	ML_RNODE_FB_EXT = 0x41,
	ML_RNODE_BOARD = 0x47,
	ML_RNODE_PLATFORM = 0x48,	/* 90 AVR, 80 ESP32, 70 nRF52 */
	ML_RNODE_MCU = 0x49,
	ML_RNODE_FW_VERSION = 0x50,	/* major, minor */
	ML_RNODE_ROM_READ = 0x51,
	ML_RNODE_RESET = 0x55,		/* f8, unsolicited after each boot */
	ML_RNODE_DEV_HASH = 0x56,
	ML_RNODE_HASHES = 0x60,
	ML_RNODE_BT_PIN = 0x62,
	ML_RNODE_ERROR = 0x90,		/* u8: */
	ML_RNODE_TRANSPARENT = 0xfe	/* the next byte is the command */
};

enum ml_rnode_error {
	ML_RNODE_ERROR_INIT = 0x01,	/* dead until it is reset */
	ML_RNODE_ERROR_TX = 0x02,
	ML_RNODE_ERROR_LOCKED = 0x03,
	ML_RNODE_ERROR_FULL = 0x04,	/* never sent since 2020 */
	ML_RNODE_ERROR_MEMORY = 0x05,
	ML_RNODE_ERROR_MODEM = 0x06
};

enum ml_rnode_platform {
	ML_RNODE_NRF52 = 0x70,
	ML_RNODE_ESP32 = 0x80,
	ML_RNODE_AVR = 0x90
};

#define ML_RNODE_DETECT_ASK 0x73
#define ML_RNODE_DETECT_ANSWER 0x46
#define ML_RNODE_RESET_NOW 0xf8		/* asked for, and told of */
#define ML_RNODE_ASK 0xff		/* what a setting of one byte is */
#define ML_RNODE_LEAVE_NOW 0xff
#define ML_RNODE_RSSI_OFFSET 157
#define ML_RNODE_TEMP_OFFSET 120

#endif
