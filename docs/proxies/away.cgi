printf 'Status: 200\nContent-Type: text/event-stream\nCache-Control: no-store\n\nretry: 3000\n\n'
